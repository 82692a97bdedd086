"""The desk's forms: each works with no script and comes back to where it was sent from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from webapp.domain import ConversationStatus
from webapp.errors import BusinessError, NotFoundError
from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.chat import fault_of
from webapp.routes.pages.conversations import Refusal, show
from webapp.routes.pages.desk import Asked, proposal
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, an_id, checked
from webapp.routes.schemas.conversations import ConversationPatchIn
from webapp.routes.schemas.desk import DraftIn
from webapp.routes.uploads import takes_files
from webapp.services import desk, drafts, proposals, saved_replies
from webapp.texts import say

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse


@pages.post("/conversations/<conversation_id>/case")
@access.staff
def change_case(conversation_id: str) -> BaseResponse:
    form = request.form
    given = checked(
        ConversationPatchIn, {"status": form.get("status") or None, "assistant": form.get("assistant") or None}
    )
    chosen = str(me().account_id) if form.get("take") else form.get("assignee", "")
    wanted = desk.Change(
        status=ConversationStatus(given.status) if given.status else None,
        assignee_id=an_id(chosen) if chosen else None,
        unassign="assignee" in form and not chosen,
        assistant_on=None if given.assistant is None else given.assistant == "on",
    )
    desk.change(db.session(), me(), an_id(conversation_id), wanted)
    db.session.commit()
    return see(Asked.read().address(f"/conversations/{conversation_id}", saved="1") + "#case")


@pages.post("/conversations/<conversation_id>/draft")
@access.staff
@takes_files
def keep_draft(conversation_id: str) -> BaseResponse:
    """Keep what is written, with a saved reply after it or a proposal instead of it where that was pressed."""
    found, text = an_id(conversation_id), _written()
    if request.form.get("insert") and request.form.get("saved_reply"):
        text = _below(text, saved_replies.get(db.session(), an_id(request.form["saved_reply"])).content)
    if request.form.get("proposal"):
        text = _proposed(request.form["proposal"], found) or text
    return _keep(found, text) or see(Asked.read().address(f"/conversations/{conversation_id}") + "#answer")


@pages.post("/conversations/<conversation_id>/proposal")
@access.staff
@takes_files
def ask_proposal(conversation_id: str) -> BaseResponse:
    """Ask the assistant for a proposal, and keep what is written meanwhile."""
    found, text = an_id(conversation_id), _written()

    def again(status: int, error: str) -> Response:
        return show(conversation_id, refusal=Refusal(status, error, text))

    problem = _keep(found, text)
    if problem is not None:
        return problem
    try:
        job_id = proposals.ask(db.session(), me(), found)
    except NotFoundError:
        raise
    except BusinessError as error:
        return refused(error, again)
    db.session.commit()
    return see(Asked.read().address(f"/conversations/{conversation_id}", proposal=str(job_id)) + "#answer")


def _written() -> str:
    """Return the answer in the form; browsers send lines ended by CR LF."""
    return request.form.get("content", "").replace("\r\n", "\n")


def _below(text: str, more: str) -> str:
    return f"{text.rstrip()}\n\n{more}" if text.strip() else more


def _proposed(job_id: str, conversation_id: UUID) -> str:
    found = proposal(job_id, conversation_id)
    return str(getattr(found.result, "text", "")) if found else ""


def _keep(conversation_id: UUID, text: str) -> Response | None:
    """Keep a draft; the page with what is wrong when it cannot be."""
    try:
        checked(DraftIn, {"content": text})
    except WrongInputError:
        return show(str(conversation_id), refusal=Refusal(422, say(fault_of(text), language()), text))
    drafts.keep(db.session(), me(), conversation_id, text)
    db.session.commit()
    return None
