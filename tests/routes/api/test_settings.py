"""The firm's choices over the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.servers import query

if TYPE_CHECKING:
    from tests.harness.api import ApiClient


def _put(admin: ApiClient, **changed: object) -> dict[str, Any]:
    choices = admin.get("/api/settings").json()["choices"]
    answer = admin.request("PUT", "/api/settings", json=choices | changed)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_what_is_read_may_be_written_back(admin: ApiClient) -> None:
    before = admin.get("/api/settings").json()
    assert _put(admin) == before
    after = _put(admin, name="Volets du Nord", holidays=["2026-12-24"])
    assert after["version"] == before["version"] + 1
    assert admin.get("/api/settings").json() == after
    assert (after["choices"]["name"], after["choices"]["holidays"]) == ("Volets du Nord", ["2026-12-24"])


def test_each_change_leaves_its_line(admin: ApiClient, database_url: str) -> None:
    _put(admin, late_after_minutes=15)
    _put(admin, late_after_minutes=44)
    [(author, subject, before, after)] = query(
        database_url, "SELECT author_id::text, subject, before, after FROM change ORDER BY created_at DESC LIMIT 1"
    )
    assert (author, subject) == (admin.user["id"], "settings")
    assert (before, after) == ({"late_after_minutes": 15}, {"late_after_minutes": 44})


def test_who_names_what_she_read_overwrites_nobody(admin: ApiClient) -> None:
    read = admin.get("/api/settings").json()
    _put(admin, name=f"Volets {read['version']}")
    mine = read["choices"] | {"currency": "GBP", "version": read["version"]}
    refused = admin.request("PUT", "/api/settings", json=mine)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/settings_changed")
    now = admin.get("/api/settings").json()
    assert now["choices"] == read["choices"] | {"name": f"Volets {read['version']}"}
    kept = _put(admin, currency="GBP", version=now["version"])
    assert kept["version"] == now["version"] + 1
    assert kept["choices"] == now["choices"] | {"currency": "GBP"}


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"accent": "#ffff00"}, "trop claire"),
        ({"accent": "jaune"}, "ne convient pas"),
        ({"name": ""}, "trop court"),
        ({"keep_files_days": 1}, "ne convient pas"),
        ({"hours": [[{"start": "18:00", "end": "09:00"}], [], [], [], [], [], []]}, "ne convient pas"),
        ({"nonsense": 1}, "pas attendue"),
    ],
)
def test_what_makes_no_sense_is_said_by_field(admin: ApiClient, wrong: dict[str, object], kind: str) -> None:
    answer = admin.request("PUT", "/api/settings", json=wrong)
    assert answer.status_code == 422
    [fault] = answer.json()["errors"]
    assert fault["field"].startswith(next(iter(wrong)))
    assert kind in fault["detail"]
