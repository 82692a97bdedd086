from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from webapp.domain import Author, Language, SummaryState, Turn
from webapp.models import Conversation, Message
from webapp.services.handover import lock_conversation, touch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim


def turns(session: Session, claim: Claim) -> tuple[Language, Sequence[Turn]]:
    """Return the language of a case and all that people and the assistant said in it, oldest first."""
    conversation = session.get_one(Conversation, claim.conversation_id)
    said = session.scalars(
        select(Message)
        .where(Message.conversation_id == claim.conversation_id, Message.role != Author.SYSTEM)
        .order_by(Message.seq)
    )
    return conversation.language, [Turn(message.role, message.content) for message in said]


def record(session: Session, claim: Claim, summary: str) -> None:
    conversation = lock_conversation(session, claim.case)
    conversation.summary = summary or None
    conversation.summary_state = SummaryState.READY if summary else SummaryState.UNAVAILABLE
    touch(conversation)
    session.flush()
