"""A whole conversation as one page to keep: nothing in it is loaded from anywhere, in the conversation's language."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from babel.dates import format_date, format_datetime, get_timezone
from flask import render_template
from markupsafe import Markup

from webapp.domain import Author
from webapp.routes.rendering import link_marks
from webapp.routes.sessions import settings
from webapp.texts import say

if TYPE_CHECKING:
    from webapp.routes.schemas.conversations import ConversationOut
    from webapp.routes.schemas.messages import MessageOut


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
        name=lambda message: _name(message, conversation, word("assistant"), word("team")),
        written=datetime.now(UTC),
    )


def _words(message: MessageOut) -> Markup:
    """Return a message's HTML: it went through the allow-list where it was rendered."""
    numbers = [source.n for source in message.sources]
    return Markup(link_marks(message.html, str(message.seq), numbers))  # noqa: S704  allow-listed by rendering.to_html


def _name(message: MessageOut, conversation: ConversationOut, assistant: str, team: str) -> str:
    names = {Author.CLIENT: conversation.client.name, Author.ASSISTANT: assistant}
    return names.get(message.role) or message.author or team
