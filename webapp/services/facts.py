"""Numbers and dates read in pictures: proposed to the customer, who confirms or declines each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from webapp.domain import Author, FactState, FoundFact
from webapp.errors import NotFoundError
from webapp.models import Attachment, Conversation, Fact, Message
from webapp.services.handover import lock_conversation, touch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity


def propose(session: Session, attachment: Attachment, found: Iterable[FoundFact]) -> int:
    """Propose what was read in a customer's picture; return how much of it the case did not hold already.

    What the firm's people send is proposed to nobody. What was declined once is not proposed again.
    """
    by_customer = exists().where(Message.id == attachment.message_id, Message.role == Author.CLIENT)
    rows = [_row(attachment, fact) for fact in dict.fromkeys(found)]
    if not rows or not session.scalar(select(by_customer)):
        return 0
    conversation = lock_conversation(session, attachment.conversation_id)
    added = session.scalars(insert(Fact).values(rows).on_conflict_do_nothing().returning(Fact.id)).all()
    if added:
        touch(conversation)
        session.flush()
    return len(added)


def _row(attachment: Attachment, fact: FoundFact) -> dict[str, object]:
    return {
        "id": uuid7(),
        "conversation_id": attachment.conversation_id,
        "attachment_id": attachment.id,
        "kind": fact.kind,
        "value": fact.value,
        "state": FactState.PROPOSED,
    }


def of(session: Session, conversation_id: UUID) -> Sequence[Fact]:
    """Return what was read in the pictures of a case and not declined, in the order of reading."""
    read = select(Fact).where(Fact.conversation_id == conversation_id, Fact.state != FactState.DECLINED)
    return session.scalars(read.order_by(Fact.created_at, Fact.id)).all()


def confirmed(session: Session, conversation_id: UUID) -> tuple[FoundFact, ...]:
    """Return what the customer confirmed, in the order of reading."""
    facts = of(session, conversation_id)
    return tuple(FoundFact(fact.kind, fact.value) for fact in facts if fact.state is FactState.CONFIRMED)


def decide(session: Session, client: Identity, fact_id: UUID, *, confirmed: bool) -> Fact:
    """Let the customer confirm or decline a fact; who was mistaken may decide again.

    Raises:
        NotFoundError: there is none, or it is not theirs.
    """
    theirs = select(Fact).join(Conversation).where(Fact.id == fact_id, Conversation.client_id == client.account_id)
    fact = session.scalar(theirs)
    if fact is None:
        raise NotFoundError
    conversation = lock_conversation(session, fact.conversation_id)
    session.refresh(fact)
    state = FactState.CONFIRMED if confirmed else FactState.DECLINED
    if fact.state is not state:
        fact.state, fact.decided_at = state, func.clock_timestamp()
        touch(conversation)
        session.flush()
    return fact
