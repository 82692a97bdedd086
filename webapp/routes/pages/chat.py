from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from flask import make_response, render_template, request

from webapp.errors import BusinessError, KeyReusedError, MissingKeyError, NotFoundError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.acts.messages import accept, accept_with_files
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.attachments import note_facts
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.kept import gives_back
from webapp.routes.pages.lives import entries, stance
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, a_key, an_id, checked
from webapp.routes.schemas.base import MAX_MESSAGE_LENGTH
from webapp.routes.schemas.messages import ChatIn
from webapp.routes.schemas.photos import WithFilesIn
from webapp.routes.uploads import sent_files, takes_files
from webapp.services import conversations as cases
from webapp.services.lists import Filter
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

    from webapp.routes.uploads import SentFile
    from webapp.services.messages import Accepted

RECENT = 3


@dataclass(frozen=True, slots=True)
class Writing:
    """What the composer holds; `person` says that a person shall read it, `lost_files` that it came with some."""

    text: str = ""
    key: str = ""
    person: bool = False
    error: str | None = None
    lost_files: bool = False

    @classmethod
    def of(cls, form: Mapping[str, str]) -> Writing:
        """Read the composer's form; browsers send lines ended by CR LF."""
        key = form.get("idempotency_key") or str(uuid4())
        return cls(form.get("message", "").replace("\r\n", "\n"), key, bool(form.get("person")))


@pages.get("/chat")
@access.client
def new_chat() -> Response:
    return show(None, Writing(key=str(uuid4())))


@pages.get("/chat/<conversation_id>")
@access.client
def chat(conversation_id: str) -> Response:
    return show(conversation_id, Writing(key=str(uuid4())))


def show(conversation_id: str | None, writing: Writing, status: int = 200) -> Response:
    """Render the chat page of a case, or of one not begun.

    Raises:
        NotFoundError: no such case of this customer.
    """
    conversation = views.latest(an_id(conversation_id)) if conversation_id else None
    if conversation:
        note_facts(conversation)
    waits = bool(conversation and conversation.jobs)
    held = "hold" in request.args or bool(writing.text)
    page = render_template(
        "chat.html",
        conversation=conversation,
        entries=entries(conversation) if conversation else [],
        stance=stance(conversation),
        after=conversation.messages[-1].seq if conversation and conversation.messages else 0,
        earlier=bool(conversation and conversation.messages and conversation.messages[0].seq > 1),
        recent=[] if conversation else views.listing(Filter(limit=RECENT)).items,
        refreshes=waits and not held,
        held=waits and held,
        writing=writing,
        presence=views.presence(),
    )
    return make_response(page, status)


@gives_back("pages.send", texts=("message",))
def _give_back(form: Mapping[str, str]) -> Response:
    """Show what was being written; where the case is not this account's, as the beginning of another."""
    writing = Writing.of(form)
    try:
        return show(form.get("conversation_id"), writing)
    except NotFoundError:
        return show(None, writing)


@pages.post("/chat")
@access.client
@takes_files
def send() -> BaseResponse:
    writing = Writing.of(request.form)
    conversation_id = request.form.get("conversation_id") or None
    has_files = any(file.filename for file in request.files.values())
    if writing.person and not writing.text.strip() and not has_files:
        return see(_to_a_person(conversation_id)) if conversation_id else show(None, writing)

    def again(status: int, error: str, key: str = writing.key) -> Response:
        return show(conversation_id, Writing(writing.text, key, writing.person, error, has_files), status)

    try:
        return see(_send(writing, conversation_id, sent_files()))
    except WrongInputError:
        return again(422, say(fault_of(writing.text, nothing="attachments.nothing"), language()))
    except NotFoundError:
        raise
    except KeyReusedError:
        db.session.rollback()
        return again(422, say("pages.fault.edited", language()), str(uuid4()))
    except MissingKeyError as error:
        return refused(error, lambda status, words: again(status, words, str(uuid4())))
    except BusinessError as error:
        return refused(error, again)


def _send(writing: Writing, conversation_id: str | None, files: Sequence[SentFile]) -> str:
    """Take the message and return the path of its case."""
    key = a_key(writing.key)
    said = {"message": writing.text.strip(), "conversation_id": conversation_id}
    given = checked(WithFilesIn, said) if files else checked(ChatIn, said)
    if writing.person and given.conversation_id:
        _to_a_person(given.conversation_id)
    accepted = _accept(given, key, files)
    if writing.person:
        _to_a_person(str(accepted.conversation_id))
    return f"/chat/{accepted.conversation_id}"


def _accept(given: ChatIn | WithFilesIn, key: str, files: Sequence[SentFile]) -> Accepted:
    case = an_id(given.conversation_id) if given.conversation_id else None
    return accept_with_files(given.message, case, key, files) if files else accept(given.message, case, key)


def fault_of(text: str, *, nothing: str = "pages.fault.message_empty") -> str:
    """Return the key of what is wrong with a message that was refused."""
    if not text.strip():
        return nothing
    return "pages.fault.message_long" if len(text.strip()) > MAX_MESSAGE_LENGTH else "errors.fields.nul"


@pages.post("/chat/<conversation_id>/person")
@access.client
def ask_for_a_person(conversation_id: str) -> BaseResponse:
    return see(_to_a_person(conversation_id))


def _to_a_person(conversation_id: str) -> str:
    cases.ask_for_a_person(db.session(), me(), an_id(conversation_id), None)
    db.session.commit()
    return f"/chat/{conversation_id}"
