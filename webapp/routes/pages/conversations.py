from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import make_response, render_template, request

from webapp.domain import ConversationStatus
from webapp.errors import BusinessError, InvalidError, NotFoundError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.acts.messages import speak_with_files
from webapp.routes.locale import language
from webapp.routes.pages import desk as panes
from webapp.routes.pages.addresses import see
from webapp.routes.pages.attachments import note_facts
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.chat import fault_of
from webapp.routes.pages.kept import gives_back, unsaved
from webapp.routes.pages.lives import entries
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, a_key, an_id, checked, number, read_cursor
from webapp.routes.schemas.messages import StaffMessageIn
from webapp.routes.schemas.photos import StaffFilesIn
from webapp.routes.uploads import sent_files, takes_files
from webapp.services import conversations as cases
from webapp.services.lists import Filter
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

    from webapp.routes.schemas.conversations import ConversationOut

PER_PAGE = 30


@pages.get("/conversations")
@access.signed_in
def conversations() -> str:
    if me().is_staff:
        return render_template("desk.html", listing=panes.listing(panes.Asked.read()), conversation=None)
    current, cursor, q = (request.args.get(name, "") for name in ("status", "cursor", "q"))
    if current and current not in list(ConversationStatus):
        raise InvalidError(field="status")
    status = ConversationStatus(current) if current else None
    listing = views.listing(Filter(status, after=read_cursor(cursor), limit=PER_PAGE, q=q))
    return render_template("conversations_mine.html", listing=listing, current=current, q=q)


@pages.get("/conversations/<conversation_id>")
@access.signed_in
def conversation(conversation_id: str) -> Response:
    return show(conversation_id)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A form that could not be taken: why, and what stood in it; `faults` are sentences by field."""

    status: int = 200
    error: str | None = None
    answer: str = ""
    summary: Mapping[str, str] | None = None
    faults: Mapping[str, str] = field(default_factory=dict)
    lost_files: bool = False


def show(conversation_id: str, *, refusal: Refusal | None = None) -> Response:
    """Render a case to be read, for staff in the middle of the desk.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    if not me().is_staff:
        return show_mine(conversation_id)
    refusal = refusal or Refusal()
    return make_response(_show_at_the_desk(an_id(conversation_id), refusal), refusal.status)


def show_mine(
    conversation_id: str, *, word: Mapping[str, str] | None = None, said_of: Mapping[str, str] | None = None
) -> Response:
    """Render a customer's case; `word` on it and what is `said_of` its replies, by id, are given back unsaved.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    found = views.conversation(an_id(conversation_id), _asked_after())
    note_facts(found)
    page = render_template(
        "conversation.html",
        conversation=found,
        entries=entries(found),
        after=_last_seq(found),
        typed_word=word,
        said_of=said_of or {},
        unsaved=unsaved() if word or said_of else None,
    )
    return make_response(page)


def _asked_after() -> int:
    return number("after", 0, low=0, high=views.MAX_SEQ)


def _show_at_the_desk(conversation_id: UUID, refusal: Refusal) -> str:
    case = panes.case_of(conversation_id)
    asked = "after" in request.args  # otherwise who answers wants the end
    found = views.conversation(conversation_id, _asked_after()) if asked else views.latest(conversation_id)
    return render_template(
        "desk_conversation.html",
        conversation=found,
        case=case,
        entries=entries(found),
        after=_last_seq(found),
        listing=panes.listing(panes.Asked.read()),
        help=panes.help_with(found),
        saved="saved" in request.args,
        refusal=refusal,
    )


@gives_back("pages.speak", "pages.keep_draft", "pages.ask_proposal", texts=("content",))
def _give_answer_back(form: Mapping[str, str], conversation_id: str) -> Response:
    return show(conversation_id, refusal=Refusal(answer=form["content"].replace("\r\n", "\n")))


def _last_seq(conversation: ConversationOut) -> int:
    return conversation.messages[-1].seq if conversation.messages else 0


@pages.post("/conversations/<conversation_id>/messages")
@access.staff
@takes_files
def speak(conversation_id: str) -> BaseResponse:
    text = request.form.get("content", "").replace("\r\n", "\n")

    def again(status: int, error: str) -> Response:
        lost = any(file.filename for file in request.files.values())
        return show(conversation_id, refusal=Refusal(status, error, text, lost_files=lost))

    try:
        files = sent_files()
        words = {"content": text.strip()}
        given = checked(StaffFilesIn, words) if files else checked(StaffMessageIn, words)
        key = request.form.get("idempotency_key")
        said = speak_with_files(an_id(conversation_id), given.content, a_key(key) if key else None, files)
    except WrongInputError:
        return again(422, say(fault_of(text, nothing="attachments.nothing"), language()))
    except NotFoundError:
        raise
    except BusinessError as error:
        return refused(error, again)
    return see(panes.Asked.read().address(f"/conversations/{conversation_id}") + f"#m-{said.id}")


@pages.post("/conversations/<conversation_id>/close")
@access.signed_in
def close_conversation(conversation_id: str) -> BaseResponse:
    summary_job = cases.close(db.session(), me(), an_id(conversation_id))
    db.session.commit()
    if summary_job is None:
        return see("/conversations")
    return see(f"/conversations/{conversation_id}{'#closed' if me().is_staff else ''}")


@pages.post("/conversations/<conversation_id>/reopen")
@access.signed_in
def reopen_conversation(conversation_id: str) -> BaseResponse:
    cases.reopen(db.session(), me(), an_id(conversation_id))
    db.session.commit()
    return see(f"/conversations/{conversation_id}" if me().is_staff else f"/chat/{conversation_id}")
