"""What a customer may ask about herself, over the API."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.harness import application
from tests.harness.api import ApiClient
from tests.harness.servers import query

if TYPE_CHECKING:
    from collections.abc import Callable

    from webapp.settings import Settings

PROFILE = {"name": "Camille M.", "phone": "01 23 45", "address": "1 rue A\n75000 Paris", "company": "C", "locale": "en"}


def test_a_profile_is_changed_field_by_field(client: ApiClient) -> None:
    assert PROFILE.items() <= client.patch("/api/me", PROFILE).json().items()
    changed = client.patch("/api/me", {"phone": ""}).json()
    assert changed == client.get("/api/me").json()
    assert changed | PROFILE | {"phone": ""} == changed
    assert client.get("/api/auth/me").json()["user"]["name"] == "Camille M."


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"phone": "1" * 41}, {"locale": "de"}, {"email": "x@example.com"}, {"role": "admin"}]
)
def test_a_wrong_profile_changes_nothing(client: ApiClient, wrong: dict[str, str]) -> None:
    before = client.get("/api/me").json()
    assert client.patch("/api/me", wrong).status_code == 422
    assert client.get("/api/me").json() == before


def test_the_export_is_a_zip_of_all_that_is_mine(client: ApiClient, new_client: Callable[[], ApiClient]) -> None:
    other = new_client()
    other.register()
    other.chat("La question d'un autre")
    case = client.chat("Mon volet est bloqué")
    answer = client.get("/api/me/export")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        about = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert set(about) == {"account.json", "sign-ins.json", f"conversation-{case['conversation_id']}.json"}
    assert about["account.json"]["email"] == client.email
    assert about[f"conversation-{case['conversation_id']}.json"]["messages"][0]["content"] == "Mon volet est bloqué"
    assert "d'un autre" not in str(about)
    assert "argon2" not in str(about)


def test_erasing_needs_the_password(client: ApiClient) -> None:
    for wrong in ("", "wrong", "x" * 256):
        answer = client.request("DELETE", "/api/me", json={"password": wrong})
        assert (answer.status_code, answer.json()["type"]) == (401, "/problems/wrong_password")
    assert client.get("/api/auth/me").status_code == 200


def test_who_is_erased_is_gone(client: ApiClient, staff: ApiClient, anonymous: ApiClient, database_url: str) -> None:
    case = client.chat("Mon volet est bloqué")
    answer = client.request("DELETE", "/api/me", json={"password": client.password})
    assert (answer.status_code, answer.json()) == (202, {"erased": True})
    assert client.get("/api/auth/me").status_code == 401
    assert staff.get(f"/api/conversations/{case['conversation_id']}").status_code == 404
    credentials = {"email": client.email, "password": client.password}
    assert anonymous.post("/api/auth/login", credentials).status_code == 401
    assert anonymous.register(client.email)["id"] != client.user["id"]
    assert query(database_url, "SELECT count(*) FROM erasure") != [(0,)]


def test_a_session_left_open_does_not_let_its_finder_guess(settings: Settings) -> None:
    with application.created(settings.model_copy(update={"ratelimit_enabled": True})) as app:
        one = ApiClient.over_wsgi(app)
        one.register()
        told = [one.request("DELETE", "/api/me", json={"password": "wrong"}) for _ in range(11)]
        assert [answer.status_code for answer in told] == [401] * 10 + [429]
        assert int(told[-1].headers["Retry-After"]) > 0
        one.close()
