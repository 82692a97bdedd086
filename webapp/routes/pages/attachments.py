"""What comes with messages: a file seen large, the part of a message that shows its files, a word on what was read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from babel.dates import format_date
from flask import g, render_template, request

from webapp.domain import FactKind, FactState
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.requests import an_id
from webapp.services import conversations as cases
from webapp.services import facts, photos

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from werkzeug.wrappers import Response

    from webapp.models import Fact
    from webapp.routes.schemas.conversations import ConversationOut
    from webapp.routes.schemas.facts import FactOut
    from webapp.routes.schemas.messages import MessageOut
    from webapp.routes.schemas.photos import AttachmentOut


@dataclass(frozen=True, slots=True)
class Read:
    """What was read in a picture, as people say it; `in_document` where it was a PDF."""

    id: UUID
    attachment_id: UUID | None
    kind: FactKind
    value: str
    state: FactState
    in_document: bool


@pages.get("/attachments/<attachment_id>")
@access.signed_in
def attachment(attachment_id: str) -> str:
    """A file as large as the page allows, a PDF page by page; one that is no picture yet says so."""
    found = photos.get(db.session(), me(), an_id(attachment_id))
    seen = next(each for each in views.attachments_of([found.message_id])[found.message_id] if each.id == found.id)
    pictures = photos.pictures_of(db.session(), found)
    case = cases.get(db.session(), me(), found.conversation_id)
    return render_template("attachment.html", item=seen, pictures=pictures, case=case, message_id=found.message_id)


@pages.get("/messages/<message_id>/attachments")
@access.signed_in
def message_attachments(message_id: str) -> str:
    """The part of a message that shows its files, for a page that stays open."""
    row = cases.get_message(db.session(), me(), an_id(message_id))
    customer = cases.get(db.session(), me(), row.conversation_id).client.name if me().is_staff else None
    message = views.message(row)
    g.facts_read = _read(facts.of(db.session(), row.conversation_id), message.attachments)
    return render_template("message_attachments.html", message=message, customer=customer)


@pages.post("/facts/<fact_id>")
@access.client
def decide_fact(fact_id: str) -> Response:
    fact = facts.decide(db.session(), me(), an_id(fact_id), confirmed=request.form.get("confirmed") == "yes")
    conversation_id = fact.conversation_id
    db.session.commit()
    return see(f"/chat/{conversation_id}")


@pages.app_template_global()
def facts_under(message: MessageOut) -> list[Read]:
    """Return what was read in the files of a message; a page that shows no conversation has read none."""
    mine = {each.id for each in message.attachments}
    return [each for each in g.get("facts_read", ()) if each.attachment_id in mine]


@pages.app_template_global()
def facts_of(conversation: ConversationOut) -> list[Read]:
    """Return what was read in the pictures of a case."""
    return _read(conversation.facts, files_of(conversation))


@pages.app_template_global()
def files_of(conversation: ConversationOut) -> list[AttachmentOut]:
    """Return all files of a case, whichever of its messages the page shows."""
    return [views.attachment(each) for each in photos.of_conversation(db.session(), conversation.id)]


def note_facts(conversation: ConversationOut) -> None:
    """Have what was read in this conversation's pictures at hand for the page that shows it."""
    files = [each for message in conversation.messages for each in message.attachments]
    g.facts_read = _read(conversation.facts, files)


def _read(found: Sequence[Fact | FactOut], files: Sequence[AttachmentOut]) -> list[Read]:
    documents = {each.id for each in files if each.name.lower().endswith(".pdf")}
    return [_as_read(fact, documents) for fact in found]


def _as_read(fact: Fact | FactOut, documents: set[UUID]) -> Read:
    value = _spoken_date(fact.value) if fact.kind is FactKind.DATE else fact.value
    return Read(fact.id, fact.attachment_id, fact.kind, value, fact.state, fact.attachment_id in documents)


def _spoken_date(value: str) -> str:
    return format_date(date.fromisoformat(value), "long", locale=language().value)
