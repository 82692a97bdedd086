from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import make_response, render_template, request

from webapp.errors import ConflictError, EmailTakenError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.acts import people as acts
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, an_id, checked, read_cursor, write_cursor
from webapp.routes.schemas.people import PersonIn, PersonPatchIn, StaffListOut
from webapp.services import people
from webapp.texts import say

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

PER_PAGE = 50
NOTICES = ("invited", "saved")
FIELDS = ("name", "email", "role")


@pages.get("/people", endpoint="people")
@access.admin
def list_people() -> Response:
    return _show()


def _show(status: int = 200, error: str | None = None, errors: dict[str, str] | None = None) -> Response:
    place = read_cursor(request.args.get("cursor"))
    rows = people.list_people(db.session(), place[1] if place else None, PER_PAGE)
    page = rows[:PER_PAGE]
    cursor = write_cursor(page[-1].created_at, page[-1].id) if len(rows) > PER_PAGE else None
    notice = request.args.get("notice")
    about: dict[str, Any] = {
        "listing": StaffListOut(items=[views.person_row(row) for row in page], next_cursor=cursor),
        "invited": people.invited(db.session(), page),
        "notice": notice if notice in NOTICES else None,
        "values": request.form,
        "errors": errors or {},
    }
    return make_response(render_template("people.html", error=error, **about), status)


@pages.post("/people")
@access.admin
def invite_by_form() -> BaseResponse:
    try:
        acts.invite(checked(PersonIn, {name: request.form.get(name, "") for name in FIELDS}))
    except WrongInputError as error:
        wrong = {str(fault["loc"][0]) for fault in error.faults}
        faults = {name: say(f"people.fault.{name}", language()) for name in FIELDS if name in wrong}
        return _show(422, say("pages.fault.title", language()), faults)
    except EmailTakenError:
        db.session.rollback()
        taken = {"email": say("people.fault.taken", language())}
        return _show(409, say("pages.fault.title", language()), taken)
    return see("/people?notice=invited")


@pages.post("/people/<account_id>")
@access.admin
def change_person(account_id: str) -> BaseResponse:
    active = {"yes": True, "no": False}.get(request.form.get("active", ""))
    try:
        wanted = checked(PersonPatchIn, {"role": request.form.get("role"), "active": active})
        acts.change_access(an_id(account_id), wanted)
    except ConflictError as error:
        return refused(error, _show)
    return see("/people?notice=saved")
