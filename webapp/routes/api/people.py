"""The firm's people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from webapp.domain import Role
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.api import api
from webapp.routes.api.answers import reply
from webapp.routes.locale import language
from webapp.routes.requests import an_id, body, limit, read_cursor, write_cursor
from webapp.routes.schemas.people import PersonIn, PersonPatchIn, StaffListOut
from webapp.services import notices, people

if TYPE_CHECKING:
    from webapp.models import Account


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
    return reply(views.person_row(invite_person(body(PersonIn))), 201)


def invite_person(wanted: PersonIn) -> Account:
    """Create an account with the mail that opens it, in the language of whoever invites.

    Raises:
        EmailTakenError: the address has an account.
    """
    account, secret = people.invite(
        db.session(),
        me().account_id,
        wanted.email,
        name=wanted.name,
        role=Role(wanted.role),
        locale=language(),
    )
    notices.invite(db.session(), account, f"/welcome/{secret}")
    db.session.commit()
    return account


@api.patch("/users/<account_id>")
@access.admin
def change_person(account_id: str) -> Response:
    return reply(views.person_row(change_access(account_id, body(PersonPatchIn))))


def change_access(account_id: str, wanted: PersonPatchIn) -> Account:
    """Change what somebody may do, from her next request on.

    Raises:
        NotFoundError: nobody of the firm has that id.
        ConflictError: it is the caller herself, or the last admin.
    """
    role = Role(wanted.role) if wanted.role else None
    account = people.change(db.session(), me().account_id, an_id(account_id), role=role, active=wanted.active)
    db.session.commit()
    return account
