"""A whole conversation as one page to keep: nothing in it is loaded from anywhere, in the conversation's language.

Its pictures are in it, small; one that cannot be read now is named only.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from babel.dates import format_date, format_datetime, get_timezone
from flask import render_template
from markupsafe import Markup

from webapp.domain import Author, FileVariant
from webapp.errors import BusinessError
from webapp.extensions import db
from webapp.routes.access import me
from webapp.routes.rendering import link_marks
from webapp.routes.sessions import settings
from webapp.routes.storage import PHOTOS, storage
from webapp.services import photos
from webapp.texts import say

if TYPE_CHECKING:
    from webapp.routes.schemas.conversations import ConversationOut
    from webapp.routes.schemas.messages import MessageOut
    from webapp.routes.schemas.photos import AttachmentOut


def letter(conversation: ConversationOut) -> str:
    language, zone = conversation.language, get_timezone(settings().timezone)

    def word(key: str, **values: object) -> str:
        return say(f"closing.letter.{key}", language, **values)

    def day(moment: datetime) -> str:
        return format_date(moment.astimezone(zone), "long", locale=language.value)

    def time(moment: datetime) -> str:
        return format_datetime(moment, "short", tzinfo=zone, locale=language.value)

    return render_template(
        "export.html",
        conversation=conversation,
        word=word,
        day=day,
        time=time,
        words=_words,
        picture=_picture,
        name=lambda message: _name(message, conversation, word("assistant"), word("team")),
        written=datetime.now(UTC),
    )


def _words(message: MessageOut) -> Markup:
    """Return a message's HTML: it went through the allow-list where it was rendered."""
    numbers = [source.n for source in message.sources]
    return Markup(link_marks(message.html, str(message.seq), numbers))  # noqa: S704  allow-listed by rendering.to_html


def _picture(shown: AttachmentOut) -> str | None:
    """Return a small picture as an address that holds it; None where there is none to be had."""
    if shown.state != "clean":
        return None
    try:
        file = photos.file_of(db.session(), photos.get(db.session(), me(), shown.id), FileVariant.THUMB, 1)
        with storage(PHOTOS).open(file.key) as stream:
            content = base64.b64encode(stream.read()).decode()
    except (BusinessError, FileNotFoundError):
        return None
    return f"data:{file.media_type};base64,{content}"


def _name(message: MessageOut, conversation: ConversationOut, assistant: str, team: str) -> str:
    names = {Author.CLIENT: conversation.client.name, Author.ASSISTANT: assistant}
    return names.get(message.role) or message.author or team
