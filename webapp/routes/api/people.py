"""The firm's people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.acts import people as acts
from webapp.routes.answers import reply
from webapp.routes.api import api
from webapp.routes.requests import an_id, body, limit, read_cursor, write_cursor
from webapp.routes.schemas.people import PersonIn, PersonPatchIn, StaffListOut
from webapp.services import people

if TYPE_CHECKING:
    from flask import Response


@api.get("/users")
@access.admin
def users() -> Response:
    place, size = read_cursor(request.args.get("cursor")), limit()
    rows = people.list_people(db.session(), place[1] if place else None, size)
    page = rows[:size]
    cursor = write_cursor(page[-1].created_at, page[-1].id) if len(rows) > size else None
    return reply(StaffListOut(items=[views.person_row(row) for row in page], next_cursor=cursor))


@api.post("/users")
@access.admin
def invite() -> Response:
    return reply(views.person_row(acts.invite(body(PersonIn))), 201)


@api.patch("/users/<account_id>")
@access.admin
def change_person(account_id: str) -> Response:
    return reply(views.person_row(acts.change_access(an_id(account_id), body(PersonPatchIn))))
