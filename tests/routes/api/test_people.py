"""The firm's people over the API: a change holds from their next request on."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.harness.servers import query

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.api import ApiClient

MAILS = "SELECT id, request FROM job WHERE kind = 'mail' AND request->>'account_id' = %s"


def _email() -> str:
    return f"{uuid4().hex}@example.com"


def _invite(admin: ApiClient, role: str = "staff") -> dict[str, str]:
    answer = admin.post("/api/users", {"email": _email(), "name": "Nina", "role": role})
    assert answer.status_code == 201
    found: dict[str, str] = answer.json()
    return found


def test_inviting_sends_a_link_that_no_answer_shows(admin: ApiClient, staff: ApiClient, database_url: str) -> None:
    person = _invite(admin)
    assert (person["role"], person["active"], person["name"]) == ("staff", True, "Nina")
    [(job_id, request)] = query(database_url, MAILS, [person["id"]])
    secret = request["path"].removeprefix("/welcome/")
    assert len(secret) >= 32
    for who in (admin, staff):
        assert who.get(f"/api/jobs/{job_id}").status_code == 404
    listed = admin.get("/api/users", params={"limit": 100})
    assert secret not in listed.text + str(person)
    [(kept,)] = query(database_url, "SELECT string_agg(dedupe_key, ' ') FROM job")
    assert secret[-8:] not in kept


def test_the_list_is_read_page_by_page(admin: ApiClient) -> None:
    invited = {_invite(admin)["id"] for _ in range(3)}
    seen: list[str] = []
    cursor = None
    while True:
        page = admin.get("/api/users", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert invited <= set(seen)
    assert len(seen) == len(set(seen))


def test_a_known_address_is_a_conflict(admin: ApiClient, client: ApiClient) -> None:
    answer = admin.post("/api/users", {"email": client.email.upper(), "name": "N", "role": "staff"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/email_taken")


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "no address", "name": "N", "role": "staff"},
        {"email": "n@example.com", "name": " ", "role": "staff"},
        {"email": "n@example.com", "name": "N", "role": "client"},
        {"email": "n@example.com", "name": "N", "role": "staff", "active": True},
    ],
)
def test_a_wrong_invitation_is_refused(admin: ApiClient, wrong: dict[str, object]) -> None:
    assert admin.post("/api/users", wrong).status_code == 422


def test_a_role_holds_from_the_next_request_on(admin: ApiClient, staff: ApiClient) -> None:
    assert staff.get("/api/users").status_code == 403
    assert admin.patch(f"/api/users/{staff.user['id']}", {"role": "admin"}).json()["role"] == "admin"
    assert staff.get("/api/users").status_code == 200
    admin.patch(f"/api/users/{staff.user['id']}", {"role": "staff"})
    assert staff.get("/api/users").status_code == 403
    assert staff.get("/api/auth/me").json()["user"]["role"] == "staff"


def test_who_is_deactivated_is_out_at_once_and_stays_out(
    admin: ApiClient, staff: ApiClient, new_client: Callable[[], ApiClient]
) -> None:
    assert admin.patch(f"/api/users/{staff.user['id']}", {"active": False}).json()["active"] is False
    assert staff.get("/api/auth/me").status_code == 401
    assert staff.post("/api/auth/refresh").status_code in (401, 403)
    again = new_client()
    credentials = {"email": staff.email, "password": staff.password}
    assert again.post("/api/auth/login", credentials).status_code == 401
    admin.patch(f"/api/users/{staff.user['id']}", {"active": True})
    assert staff.get("/api/auth/me").status_code == 401
    assert again.post("/api/auth/login", credentials).status_code == 200


def test_nobody_changes_her_own_access(admin: ApiClient) -> None:
    for wanted in ({"role": "staff"}, {"active": False}):
        answer = admin.patch(f"/api/users/{admin.user['id']}", wanted)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/own_access")


def test_customers_are_not_among_them(admin: ApiClient, client: ApiClient) -> None:
    assert admin.patch(f"/api/users/{client.user['id']}", {"role": "admin"}).status_code == 404
    assert client.get("/api/auth/me").json()["user"]["role"] == "client"
