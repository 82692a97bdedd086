from __future__ import annotations

from typing import TYPE_CHECKING

from flask import make_response, render_template, request

from webapp.domain import Language
from webapp.errors import TitleTakenError
from webapp.extensions import db
from webapp.routes import access
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.kept import gives_back, unsaved
from webapp.routes.requests import WrongInputError, an_id, checked
from webapp.routes.schemas.desk import SavedReplyIn
from webapp.services import saved_replies
from webapp.services.saved_replies import Text
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

HERE = "/saved_replies"


@pages.get("/saved_replies")
@access.staff
def list_saved_replies() -> Response:
    return _show()


def _show(
    status: int = 200, error: str | None = None, edited: str = "", given: Mapping[str, str] | None = None
) -> Response:
    """Render them all; what could not be taken stands in its form again."""
    page = render_template(
        "saved_replies.html",
        saved_replies=saved_replies.find(db.session()),
        done="done" in request.args,
        error=error,
        edited=edited,
        given=request.form if given is None else given,
    )
    return make_response(page, status)


@gives_back("pages.add_saved_reply", "pages.change_saved_reply", texts=("content", "title"))
def _give_back(form: Mapping[str, str], saved_reply_id: str = "new") -> Response:
    return _show(error=unsaved(), edited=saved_reply_id, given=form)


@pages.post("/saved_replies")
@access.staff
def add_saved_reply() -> BaseResponse:
    return _write(None)


@pages.post("/saved_replies/<saved_reply_id>")
@access.staff
def change_saved_reply(saved_reply_id: str) -> BaseResponse:
    return _write(saved_replies.get(db.session(), an_id(saved_reply_id)).id)


@pages.post("/saved_replies/<saved_reply_id>/delete")
@access.staff
def delete_saved_reply(saved_reply_id: str) -> BaseResponse:
    saved_replies.remove(db.session(), an_id(saved_reply_id))
    db.session.commit()
    return see(f"{HERE}?done=1")


def _write(reply_id: UUID | None) -> BaseResponse:
    try:
        text = _given()
        if reply_id is None:
            saved_replies.add(db.session(), text)
        else:
            saved_replies.change(db.session(), reply_id, text)
    except WrongInputError:
        return _show(422, say("desk.saved.fault", language()), str(reply_id or "new"))
    except TitleTakenError:
        db.session.rollback()
        return _show(409, say("desk.saved.fault_title", language()), str(reply_id or "new"))
    db.session.commit()
    return see(f"{HERE}?done=1")


def _given() -> Text:
    """Read the form; browsers send lines ended by CR LF."""
    form = request.form
    spoken = form.get("language", "")
    given = checked(
        SavedReplyIn,
        {
            "title": form.get("title", ""),
            "content": form.get("content", "").replace("\r\n", "\n"),
            "language": Language(spoken) if spoken in list(Language) else language(),
        },
    )
    return Text(given.title, given.content, given.language)
