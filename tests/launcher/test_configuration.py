from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from launcher import configuration, environment, programs
from launcher.credentials import secrets_for
from launcher.faults import Fault
from launcher.ports import LOOPBACK, free_port, taken
from webapp.settings import Settings, load

if TYPE_CHECKING:
    from pathlib import Path


def test_the_environment_wins_over_dotenv_even_when_it_says_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9000\nHOST=::1\nOPENAI_API_KEY=kept\nTIMEZONE=Europe/Rome\n")

    found = configuration.read({"PORT": "9100", "OPENAI_API_KEY": ""}, tmp_path)

    assert (found.port, found.metrics_port, found.flower_port) == (9100, 9101, 9102)
    assert found.host == "::1"
    assert found.values["OPENAI_API_KEY"] == ""
    assert environment.for_application(found, {})["TIMEZONE"] == "Europe/Rome"


def test_a_relative_data_dir_is_of_the_clone(tmp_path: Path) -> None:
    assert configuration.read({}, tmp_path).data_dir == tmp_path / "var"
    assert configuration.read({"DATA_DIR": "other"}, tmp_path).data_dir == tmp_path / "other"
    assert configuration.read({"DATA_DIR": "/srv/sav"}, tmp_path).data_dir.is_absolute()


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("nonsense\n")

    with pytest.raises(Fault) as fault:
        configuration.read({"PORT": "http", "DRAIN_SECONDS": "-1", "METRICS_PORT": "70000"}, tmp_path)

    for word in ("line 1", "PORT", "DRAIN_SECONDS", "METRICS_PORT"):
        assert word in str(fault.value)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        found = configuration.read({"PORT": str(free_port()), "FLOWER_PORT": str(port)}, tmp_path)

        assert found.port_faults() == [f"FLOWER_PORT {port} is taken by another program; choose another FLOWER_PORT."]


def test_a_host_for_everybody_leaves_the_figures_to_this_machine(tmp_path: Path) -> None:
    everywhere = "0.0.0.0"  # noqa: S104  names them, binds nothing
    found = configuration.read({"HOST": everywhere, "PORT": "9100"}, tmp_path)

    assert found.ports()["PORT"] == (everywhere, 9100)
    assert found.ports()["METRICS_PORT"] == (LOOPBACK, 9101)
    seen = environment.for_application(found, {"DATABASE_URL": "postgresql://h/d", "REDIS_URL": "-", "SECRET_KEY": "-"})
    assert (load(seen).host, load(seen).metrics_host) == (everywhere, LOOPBACK)
    assert found.metrics_url == f"http://{LOOPBACK}:9101/metrics"


def test_the_figures_have_the_host_they_are_given(tmp_path: Path) -> None:
    found = configuration.read({"METRICS_HOST": "::", "PORT": "9100"}, tmp_path)

    assert found.ports()["METRICS_PORT"] == ("::", 9101)
    assert environment.for_application(found, {})["METRICS_HOST"] == "::"
    assert found.metrics_url == "http://[::1]:9101/metrics"


def test_three_ports_are_three(tmp_path: Path) -> None:
    found = configuration.read({"PORT": "8000", "METRICS_PORT": "8000"}, tmp_path)

    assert found.port_faults() == ["PORT, METRICS_PORT and FLOWER_PORT must be three different ports."]


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()

    assert taken(port) is None
    with socket.create_server((LOOPBACK, port)):
        assert taken(port) == "is taken by another program"


def test_the_launcher_knows_every_variable_the_application_reads() -> None:
    assert set(configuration.KNOWN) == {name.upper() for name in Settings.model_fields}


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    found = configuration.read({}, tmp_path)
    found.data_dir.mkdir()

    made = secrets_for(found)

    assert set(made) == {"SECRET_KEY", "FLOWER_BASIC_AUTH"}
    assert secrets_for(found) == made
    assert (found.data_dir / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_given_secret_is_left_alone_and_production_gets_none(tmp_path: Path) -> None:
    found = configuration.read({"SECRET_KEY": "mine"}, tmp_path)
    found.data_dir.mkdir()

    assert set(secrets_for(found)) == {"FLOWER_BASIC_AUTH"}
    assert secrets_for(configuration.read({"ENVIRONMENT": "production"}, tmp_path)) == {}


def test_children_see_nothing_of_make_and_the_programs_of_the_venv_first(tmp_path: Path) -> None:
    found = configuration.read({"MAKEFLAGS": "-j", "PYTHONHOME": "/x", "PATH": "/usr/bin"}, tmp_path)

    seen = environment.for_application(found, {"DATABASE_URL": "postgresql://h/d"})

    assert "MAKEFLAGS" not in seen
    assert "PYTHONHOME" not in seen
    assert seen["PATH"] == f"{configuration.REPOSITORY / '.venv' / 'bin'}:/usr/bin"
    assert seen["DATA_DIR"] == str(tmp_path / "var")
    assert seen["DATABASE_URL"] == "postgresql://h/d"
    assert "PROMETHEUS_MULTIPROC_DIR" not in seen
    assert environment.with_metrics(seen, found)["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path / "var" / "metrics")


def test_flower_has_no_part_in_the_counts_of_the_others(tmp_path: Path) -> None:
    found = configuration.read({}, tmp_path)
    env = environment.with_metrics(environment.for_application(found, {"FLOWER_BASIC_AUTH": "a:b"}), found)
    counts = {each.name: programs.COUNTS in each.env for each in programs.services(tmp_path, env, found)}
    assert counts.pop("flower") is False
    assert set(counts.values()) == {True}
