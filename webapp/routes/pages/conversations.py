from __future__ import annotations

from typing import TYPE_CHECKING

from flask import make_response, render_template, request
from pydantic import ValidationError

from webapp.domain import ConversationStatus
from webapp.errors import BusinessError, InvalidError, NotFoundError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.chat import fault_of
from webapp.routes.pages.lives import entries
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import MAX_KEY_LENGTH, an_id, number
from webapp.routes.schemas import ConversationPatchIn, StaffMessageIn
from webapp.services import conversations as cases
from webapp.services import desk
from webapp.texts import say

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

PER_PAGE = 30
MOST_WAITING = 100


@pages.get("/conversations")
@access.signed_in
def conversations() -> str:
    current, cursor = request.args.get("status", ""), request.args.get("cursor")
    if current and current not in list(ConversationStatus):
        raise InvalidError(field="status")
    status = ConversationStatus(current) if current else None
    return _desk(status, cursor) if me().is_staff else _mine(status, cursor)


def _mine(status: ConversationStatus | None, cursor: str | None) -> str:
    listing = views.conversations(status, cursor, PER_PAGE)
    return render_template("conversations_mine.html", listing=listing, current=status or "")


def _desk(status: ConversationStatus | None, cursor: str | None) -> str:
    """Show who waits for a person first, the longest wait at the top, then the rest by activity."""
    by_wait = status is ConversationStatus.WAITING_STAFF
    listing = views.conversations(status, cursor, PER_PAGE, by_wait=by_wait)
    waiting = None
    if status is None and cursor is None:
        waiting = views.conversations(None, None, MOST_WAITING, by_wait=True).items
    if status is None:
        listing.items = [item for item in listing.items if item.waiting_since is None]
    return render_template("conversations_desk.html", listing=listing, waiting=waiting, current=status or "")


@pages.get("/conversations/<conversation_id>")
@access.signed_in
def conversation(conversation_id: str) -> Response:
    return show(conversation_id)


def show(conversation_id: str, *, kept: str = "", error: str | None = None, status: int = 200) -> Response:
    """Render a case to be read, for staff to be answered as well.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    found = views.conversation(an_id(conversation_id), number("after", 0, low=0, high=views.MAX_SEQ))
    if me().is_staff:
        desk.mark_seen(db.session(), cases.get(db.session(), me(), found.id))
        db.session.commit()
    page = render_template(
        "conversation.html",
        conversation=found,
        entries=entries(found),
        after=found.messages[-1].seq if found.messages else 0,
        saved="saved" in request.args,
        kept=kept,
        error=error,
    )
    return make_response(page, status)


@pages.post("/conversations/<conversation_id>/messages")
@access.staff
def speak(conversation_id: str) -> BaseResponse:
    text = request.form.get("content", "").replace("\r\n", "\n")

    def again(status: int, error: str) -> Response:
        return show(conversation_id, kept=text, error=error, status=status)

    try:
        given = StaffMessageIn(content=text.strip())
        key = request.form.get("idempotency_key", "").strip()[:MAX_KEY_LENGTH] or None
        said = desk.speak(db.session(), me(), an_id(conversation_id), given.content, key)
    except ValidationError:
        return again(422, say(fault_of(text), language()))
    except NotFoundError:
        raise
    except BusinessError as error:
        return refused(error, again)
    db.session.commit()
    return see(f"/conversations/{conversation_id}#m-{said.id}")


@pages.post("/conversations/<conversation_id>/case")
@access.staff
def change_case(conversation_id: str) -> BaseResponse:
    form = request.form
    given = ConversationPatchIn.model_validate(
        {"status": form.get("status") or None, "assistant": form.get("assistant") or None}
    )
    wanted = desk.Change(
        status=ConversationStatus(given.status) if given.status else None,
        assignee_id=me().account_id if form.get("take") else None,
        assistant_on=None if given.assistant is None else given.assistant == "on",
    )
    desk.change(db.session(), me(), an_id(conversation_id), wanted)
    db.session.commit()
    return see(f"/conversations/{conversation_id}?saved=1")


@pages.post("/conversations/<conversation_id>/close")
@access.signed_in
def close_conversation(conversation_id: str) -> BaseResponse:
    summary_job = cases.close(db.session(), me(), an_id(conversation_id))
    db.session.commit()
    return see("/conversations" if summary_job is None else f"/conversations/{conversation_id}")


@pages.post("/conversations/<conversation_id>/reopen")
@access.signed_in
def reopen_conversation(conversation_id: str) -> BaseResponse:
    cases.reopen(db.session(), me(), an_id(conversation_id))
    db.session.commit()
    return see(f"/conversations/{conversation_id}" if me().is_staff else f"/chat/{conversation_id}")
