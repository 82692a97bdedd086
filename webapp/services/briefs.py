"""The brief of a hand-over: what a person who takes over should know first, in two or three lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from webapp.domain import Author, Brief, Outcome
from webapp.models import Message
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from webapp.domain import Language
    from webapp.models import Conversation

LAST_SAID = 10
LONGEST_ASKED, LONGEST_ANSWERED, MOST_REFERENCES = 240, 160, 5
TOO_SHORT = 40  # characters: "oui, merci" says nothing without the question before it


def write(brief: Brief, language: Language) -> str:
    """Return the lines of a brief."""
    gist = shortened(_gist(brief.asked), LONGEST_ASKED)
    lines = [say("waiting.brief.asked", language, text=gist or say("waiting.brief.only_files", language))]
    if brief.answered is not None:
        lines.append(say("waiting.brief.answered", language, text=shortened(brief.answered, LONGEST_ANSWERED)))
    else:
        lines.append(say(f"waiting.brief.{'found_nothing' if brief.found_nothing else 'unanswered'}", language))
    if brief.references:
        references = ", ".join(brief.references[:MOST_REFERENCES])
        lines.append(say("waiting.brief.references", language, text=references))
    return "\n".join(lines)


def _gist(asked: Sequence[str]) -> str:
    """Return the last message, with the one before it when it is too short to tell anything."""
    last = asked[-1] if asked else ""
    return " / ".join(asked[-2:]) if len(last) < TOO_SHORT else last


def shortened(text: str, length: int) -> str:
    """Return a text on one line, cut at a word."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"


def of(session: Session, conversation: Conversation) -> Brief:
    """Return what the last messages of a case say, where no worker has read them."""
    said = session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation.id)
        .where(Message.role.in_((Author.CLIENT, Author.ASSISTANT)))
        .order_by(Message.seq.desc())
        .limit(LAST_SAID)
    ).all()
    replies = [each for each in said if each.role is Author.ASSISTANT and each.outcome is not Outcome.HANDED_OVER]
    last = replies[0] if replies else None
    return Brief(
        asked=tuple(each.content for each in reversed(said) if each.role is Author.CLIENT and each.content.strip()),
        answered=last.content if last is not None and last.outcome is Outcome.ANSWERED else None,
        found_nothing=last is not None and last.outcome is Outcome.NO_ANSWER,
    )
