"""Who may call what: every route, as everybody, for real. A route that is not in the table fails."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.guards.calls import BODIES, Objects, objects, routes, send
from webapp.routes import access

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.harness.api import ApiClient

FRAMEWORK = {"GET /static/<filename>"}  # Flask's own, files anybody may read

# Statuses for: a visitor, the customer whose objects they are, another customer, staff, an administrator.
ERASES = ("DELETE /api/me", "POST /account/erase")
WHO = ("visitor", "owner", "other", "staff", "admin")
EVERYBODY = "200 200 200 200 200"
EXPECTED = {
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /static/<filename>": "404 404 404 404 404",
    "GET /api/openapi.json": EVERYBODY,
    "POST /api/auth/login": "401 401 401 401 401",
    "POST /api/auth/register": "422 422 422 422 422",
    "POST /api/auth/refresh": "401 200 200 200 200",
    "POST /api/auth/logout": "401 204 204 204 204",
    "GET /api/auth/me": "401 200 200 200 200",
    "POST /api/chat": "401 202 202 403 403",
    "POST /api/upload_images": "401 202 202 403 403",
    "GET /api/attachments/<attachment_id>": "401 409 404 409 409",
    "GET /api/jobs/<job_id>": "401 200 404 200 200",
    "GET /api/conversations": "401 200 200 200 200",
    "GET /api/conversations/<conversation_id>": "401 200 404 200 200",
    "PATCH /api/conversations/<conversation_id>": "401 403 403 200 200",
    "GET /api/conversations/<conversation_id>/export": "401 200 404 200 200",
    "POST /api/conversations/<conversation_id>/handoff": "401 200 404 403 403",
    "POST /api/conversations/<conversation_id>/messages": "401 403 403 201 201",
    "GET /api/conversations/<conversation_id>/draft": "401 403 403 200 200",
    "PUT /api/conversations/<conversation_id>/draft": "401 403 403 200 200",
    "DELETE /api/conversations/<conversation_id>/draft": "401 403 403 204 204",
    "POST /api/conversations/<conversation_id>/proposal": "401 403 403 202 202",
    "GET /api/saved_replies": "401 403 403 200 200",
    "POST /api/saved_replies": "401 403 403 201 201",
    "PUT /api/saved_replies/<saved_reply_id>": "401 403 403 200 200",
    "DELETE /api/saved_replies/<saved_reply_id>": "401 403 403 204 204",
    "POST /api/conversations/<conversation_id>/reopen": "401 200 404 200 200",
    "POST /api/close_conversation": "401 202 404 202 202",
    "POST /api/messages/<message_id>/feedback": "401 204 404 403 403",
    "POST /api/facts/<fact_id>": "401 204 404 403 403",
    "PUT /api/conversations/<conversation_id>/summary": "401 403 403 409 409",
    "POST /api/conversations/<conversation_id>/closing_feedback": "401 409 404 403 403",
    "POST /messages/<message_id>/feedback": "303 303 404 403 403",
    "POST /conversations/<conversation_id>/closing_feedback": "303 409 404 403 403",
    "POST /conversations/<conversation_id>/summary": "401 403 403 409 409",
    "GET /api/knowledge/documents": "401 403 403 200 200",
    "POST /api/knowledge/documents": "401 403 403 403 202",
    "GET /api/knowledge/documents/<document_id>": "401 403 403 200 200",
    "DELETE /api/knowledge/documents/<document_id>": "401 403 403 403 204",
    "GET /api/knowledge/index": "401 403 403 200 200",
    "POST /api/knowledge/search": "401 403 403 202 202",
    "GET /api/users": "401 403 403 403 200",
    "POST /api/users": "401 403 403 403 201",
    "PATCH /api/users/<account_id>": "401 403 403 403 200",
    "GET /api/settings": "401 403 403 200 200",
    "PUT /api/settings": "401 403 403 403 200",
    "GET /api/operations": "401 403 403 200 200",
    "POST /api/operations/pauses": "401 403 403 403 200",
    "DELETE /api/operations/pauses/<subject>": "401 403 403 403 200",
    "POST /api/operations/jobs/<job_id>/retry": "401 403 403 403 409",
    "POST /api/operations/jobs/<job_id>/give_up": "401 403 403 403 409",
    "GET /operations": "303 403 403 200 200",
    "POST /operations/pauses": "303 403 403 403 303",
    "POST /operations/pauses/<subject>/resume": "303 403 403 403 303",
    "POST /operations/jobs/<job_id>": "303 403 403 403 409",
    "GET /api/stats": "401 403 403 200 200",
    "GET /api/me": "401 200 200 200 200",
    "PATCH /api/me": "401 200 200 403 403",
    "GET /api/me/export": "401 200 200 403 403",
    "DELETE /api/me": "401 202 401 403 403",
    "GET /firm.css": EVERYBODY,
    "GET /forgot": EVERYBODY,
    "POST /forgot": EVERYBODY,
    "GET /welcome/<secret>": "409 409 409 409 409",
    "POST /welcome/<secret>": "409 409 409 409 409",
    "GET /account": "303 200 200 200 200",
    "POST /account": "401 303 303 303 303",
    "POST /account/password": "303 303 422 422 422",
    "POST /account/sign-ins": "303 303 303 303 303",
    "GET /account/erase": "303 200 200 403 403",
    "POST /account/erase": "303 200 422 403 403",
    "GET /people": "303 403 403 403 200",
    "POST /people": "303 403 403 403 303",
    "POST /people/<account_id>": "303 403 403 403 303",
    "GET /settings": "303 403 403 403 200",
    "POST /settings": "401 403 403 403 303",
    "GET /": "303 303 303 303 303",
    "GET /login": "200 303 303 303 303",
    "POST /login": "401 401 401 401 401",
    "GET /register": "200 303 303 303 303",
    "POST /register": "422 422 422 422 422",
    "POST /logout": "303 303 303 303 303",
    "GET /language/<wanted>": "303 303 303 303 303",
    "GET /privacy": EVERYBODY,
    "GET /source": EVERYBODY,
    "GET /legal": EVERYBODY,
    "GET /accessibility": EVERYBODY,
    "GET /chat": "303 200 200 403 403",
    "POST /chat": "401 303 303 403 403",
    "GET /chat/<conversation_id>": "303 200 404 403 403",
    "POST /chat/<conversation_id>/person": "303 303 404 403 403",
    "GET /attachments/<attachment_id>": "303 200 404 200 200",
    "GET /messages/<message_id>/attachments": "303 200 404 200 200",
    "POST /facts/<fact_id>": "303 303 404 403 403",
    "GET /conversations": "303 200 200 200 200",
    "GET /conversations/<conversation_id>": "303 200 404 200 200",
    "POST /conversations/<conversation_id>/case": "303 403 403 303 303",
    "POST /conversations/<conversation_id>/close": "303 303 404 303 303",
    "POST /conversations/<conversation_id>/messages": "401 403 403 303 303",
    "POST /conversations/<conversation_id>/reopen": "303 303 404 303 303",
    "GET /dashboard": "303 403 403 200 200",
    "GET /conversations/list": "303 403 403 200 200",
    "GET /conversations/<conversation_id>/case": "303 403 403 200 200",
    "POST /conversations/<conversation_id>/draft": "401 403 403 303 303",
    "POST /conversations/<conversation_id>/proposal": "401 403 403 303 303",
    "GET /saved_replies": "303 403 403 200 200",
    "POST /saved_replies": "401 403 403 303 303",
    "POST /saved_replies/<saved_reply_id>": "401 403 403 303 303",
    "POST /saved_replies/<saved_reply_id>/delete": "303 403 403 303 303",
    "GET /documents/<document_id>": "303 200 200 200 200",
    "GET /knowledge": "303 403 403 200 200",
    "POST /knowledge": "303 403 403 403 303",
    "GET /knowledge/<document_id>/delete": "303 403 403 403 200",
    "POST /knowledge/<document_id>/delete": "303 403 403 403 303",
}


@pytest.fixture
def people(new_client: Callable[[], ApiClient], staff: ApiClient, admin: ApiClient) -> dict[str, ApiClient]:
    owner, other = new_client(), new_client()
    owner.register()
    other.register()
    return {"visitor": new_client(), "owner": owner, "other": other, "staff": staff, "admin": admin}


def test_every_route_declares_who_may_call_it(app: Flask) -> None:
    silent = [name for name, rule in routes(app).items() if access.declared(app.view_functions[rule.endpoint]) is None]
    assert set(silent) == FRAMEWORK


def test_the_table_holds_every_route_and_no_other(app: Flask) -> None:
    assert set(routes(app)) == set(EXPECTED)


def test_nobody_gets_more_or_less_than_the_table_says(
    people: dict[str, ApiClient], database_url: str, app: Flask
) -> None:
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={"max_pending_per_client": 1000})
    found = {route: _statuses(route, people, database_url) for route in EXPECTED}
    assert {route: found[route] for route in EXPECTED if found[route] != EXPECTED[route]} == {}


def _statuses(route: str, people: dict[str, ApiClient], database_url: str) -> str:
    """Call it as each in turn; what a call changes is made anew, and whoever signs out signs in again."""
    own: Objects | None = None
    changes = not route.startswith("GET ") and ("_id>" in route or "{" in str(BODIES.get(route)))
    statuses = []
    for name in WHO:
        if own is None:
            own = objects(people["owner"], database_url)
        answer = send(people[name], route, own, **_of_the_refresh_cookie(route, people[name]))
        statuses.append(str(answer.status_code))
        if changes and name != "visitor" and answer.status_code < HTTPStatus.BAD_REQUEST:
            own = None
        if "logout" in route and name != "visitor":
            people[name].login(people[name].email, people[name].password)
        if route in ERASES and answer.is_success:
            people[name].register()
    return " ".join(statuses)


def _of_the_refresh_cookie(route: str, client: ApiClient) -> dict[str, dict[str, str]]:
    if route != "POST /api/auth/refresh":
        return {}
    found = (one.value for one in client.http.cookies.jar if one.name.endswith("csrf_refresh_token"))
    return {"headers": {"X-CSRF-TOKEN": next(found, None) or ""}}


def test_the_role_is_looked_at_before_existence(people: dict[str, ApiClient]) -> None:
    nothing = Objects.all(uuid4)
    told = {
        (route, name): send(people[name], route, nothing).status_code
        for route, expected in EXPECTED.items()
        if "_id>" in route
        for name, status in zip(WHO, expected.split(), strict=True)
        if status == "403"
    }
    assert told
    assert set(told.values()) == {403}


def _misshapen(real: str) -> list[str]:
    return [
        *(str(uuid4()), "1", "0", "-1", "None", "%00", "é", "x" * 300, "' OR 1=1 --"),
        *(real.upper(), real.replace("-", ""), f"{{{real}}}", f"urn:uuid:{real}", f" {real}", f"{real} "),
    ]


def test_ids_that_are_not_ours_to_give_are_not_there(people: dict[str, ApiClient], database_url: str) -> None:
    own = objects(people["owner"], database_url)
    wrong = []
    for route, expected in EXPECTED.items():
        if "_id>" not in route:
            continue
        caller = people["owner"] if expected.split()[1] != "403" else people["admin"]
        for given in _misshapen(own.conversation_id):
            answer = send(caller, route, Objects.all(partial(str, given)))
            if answer.status_code != 404:
                wrong.append((route, given, answer.status_code))
    assert wrong == []


def test_ids_in_bodies_and_queries_are_looked_at_alike(people: dict[str, ApiClient], database_url: str) -> None:
    own, owner, other = objects(people["owner"], database_url), people["owner"], people["other"]
    for given in (str(uuid4()), "1", "", own.conversation_id.upper(), f"{{{own.conversation_id}}}", "x" * 64):
        assert owner.post("/api/chat", {"message": "M", "conversation_id": given}).status_code == 404
        assert owner.post("/api/close_conversation", {"conversation_id": given}).status_code == 404
    mine = {"conversation_id": own.conversation_id}
    assert other.post("/api/chat", {"message": "M"} | mine).status_code == 404
    assert other.post("/api/close_conversation", mine).status_code == 404
    assert owner.get("/api/conversations", params={"assignee": "1"}).status_code == 404


def test_a_refusal_tells_nothing_of_what_is_there(people: dict[str, ApiClient], database_url: str) -> None:
    own = objects(people["owner"], database_url)
    nothing = Objects.all(uuid4)
    for route, expected in EXPECTED.items():
        if expected.split()[2] == "404" and route.startswith(("GET /api", "POST /api")):
            theirs, nobodys = (send(people["other"], route, ids) for ids in (own, nothing))
            assert (theirs.status_code, theirs.text) == (nobodys.status_code, nobodys.text), route
