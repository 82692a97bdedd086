"""The environment: every fault named at once, and no weak secret in production."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from webapp.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from collections.abc import Mapping

STRONG = secrets.token_urlsafe(48)
DEVELOPMENT = {"DATABASE_URL": "postgres://u@h/d", "REDIS_URL": "redis://h", "SECRET_KEY": "k"}
PRODUCTION = {
    "ENVIRONMENT": "production",
    "DATABASE_URL": f"postgresql://sav:{STRONG}@h/d",
    "REDIS_URL": f"redis://:{STRONG}@h",
    "SECRET_KEY": STRONG,
    "PUBLIC_URL": "https://sav.example",
    "FLOWER_BASIC_AUTH": f"flower:{STRONG}",
}


def _faults(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(environ)
    return refused.value.faults


def test_development_needs_little() -> None:
    settings = load(DEVELOPMENT)
    assert settings.database_url == "postgresql+psycopg2://u@h/d"
    assert (settings.port, settings.metrics_port, settings.flower_port) == (8000, 8001, 8002)
    assert (settings.production, settings.has_model, settings.ratelimit_enabled) == (False, False, True)


def test_other_ports_follow_the_first() -> None:
    settings = load(DEVELOPMENT | {"PORT": "9000", "FLOWER_PORT": "9100"})
    assert (settings.port, settings.metrics_port, settings.flower_port) == (9000, 9001, 9100)


def test_what_is_set_to_nothing_is_not_set() -> None:
    assert load(DEVELOPMENT | {"PORT": "", "OPENAI_API_KEY": "", "UNKNOWN": "x"}) == load(DEVELOPMENT)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", "Europe/Paris\n"])
def test_a_time_zone_is_one_that_exists(zone: str) -> None:
    assert _faults(DEVELOPMENT | {"TIMEZONE": zone}) == [
        "TIMEZONE: must be a time zone by its name, such as Europe/Paris"
    ]


def test_origins_are_a_list() -> None:
    settings = load(DEVELOPMENT | {"ALLOWED_ORIGINS": "https://a.example, https://b.example"})
    assert settings.allowed_origins == ("https://a.example", "https://b.example")


def test_every_fault_is_named_at_once() -> None:
    faults = _faults({"PORT": "x", "RATELIMIT_ENABLED": "perhaps", "REPLY_CONCURRENCY": "1", "SECRET_KEY": "k"})
    named = {fault.partition(" ")[0].rstrip(":") for fault in faults}
    assert named == {"PORT", "RATELIMIT_ENABLED", "REPLY_CONCURRENCY", "DATABASE_URL", "REDIS_URL"}


def test_production_starts_with_strong_secrets() -> None:
    assert load(PRODUCTION).production is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("SECRET_KEY", weak)
            for weak in ("", "weakling", "changeme" * 5, "secret" + "x" * 40, "Password" + "x" * 40)
        ),
        *(
            ("DATABASE_URL", f"postgresql://{user}@h/d")
            for user in ("sav", "sav:", "sav:short", "sav:changeme-changeme")
        ),
        *(("REDIS_URL", url) for url in ("redis://h", "redis://:short@h", "redis://:password12345@h")),
        *(("PUBLIC_URL", url) for url in ("", "http://sav.example", "sav.example")),
        *(("ADMIN_PASSWORD", weak) for weak in ("weakling", "admin123admin123", "changeme-changeme")),
        *(("FLOWER_BASIC_AUTH", weak) for weak in ("flower", "flower:x", "flower:changeme-changeme")),
        *(("FLOWER_BASIC_AUTH", f"{weak},ops:{'x' * 20}") for weak in ("ops:x", f":{'x' * 20}", "ops")),
    ],
)
def test_production_refuses_a_weak_secret_and_does_not_print_it(name: str, value: str) -> None:
    faults = _faults(PRODUCTION | {name: value})
    assert len(faults) == 1
    assert faults[0].startswith(f"{name} ")
    assert not value or value not in faults[0]


def test_production_names_all_its_faults_together() -> None:
    faults = _faults({"ENVIRONMENT": "production"})
    assert {fault.partition(" ")[0] for fault in faults} >= {"SECRET_KEY", "PUBLIC_URL", "DATABASE_URL", "REDIS_URL"}
    assert len(faults) == len(set(faults))


def test_settings_do_not_change_while_the_application_runs() -> None:
    settings = load(DEVELOPMENT)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1
    assert "secret_key" in Settings.model_fields


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("SMTP_URL", url)
            for url in ("mail.example", "mailto:a@b", "smtp://", "smtp://u:hidden@h:port", "smtp://h\nh")
        ),
        *(("OPENAI_BASE_URL", url) for url in ("foo", "model.example/v1", "file:///hidden")),
        *(("STAFF_WEBHOOK_URL", url) for url in ("hook.example", "ftp://h", "https://", "https://h:99999/hidden")),
    ],
)
def test_an_address_of_a_wrong_shape_is_named_and_not_printed(name: str, value: str) -> None:
    (fault,) = _faults(DEVELOPMENT | {name: value})
    assert fault.startswith(f"{name}: must look like ")
    assert "hidden" not in fault
    for usable in ("smtps://u%40h:p@h", "smtp://h:25") if name == "SMTP_URL" else ("https://h/x?token=y",):
        assert load(DEVELOPMENT | {name: usable})
