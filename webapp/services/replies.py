"""The reply slot: what the assistant needs to know, its draft, and its outcome."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text

from webapp.domain import Author, ConversationStatus, HandoverReason, JobStatus, Outcome, Question, Reply, Turn
from webapp.models import Conversation, Draft, Message
from webapp.services import jobs, knowledge
from webapp.services.handover import lock_conversation, owe_a_person, say_next
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim

HISTORY_TURNS = 40  # more than any token budget keeps
NO_ANSWERS_BEFORE_A_PERSON = 2

_WRITE_DRAFT = text("""
INSERT INTO draft (job_id, fence, revision, text, progress)
SELECT id, fence, 1, :text, 0 FROM job WHERE id = :id AND status = 'running' AND fence = :fence
ON CONFLICT (job_id) DO UPDATE SET text = excluded.text, fence = excluded.fence, revision = draft.revision + 1
RETURNING job_id
""")


@dataclass(frozen=True, slots=True)
class SourcesGoneError(Exception):
    """A source of the reply was withdrawn while it was written: think again."""


def question(session: Session, claim: Claim) -> Question:
    """Return the message that a claimed reply job must answer, with what was said before it."""
    asked = session.execute(select(Message).where(Message.id == claim.message_id)).scalar_one()
    before = session.scalars(
        select(Message)
        .where(Message.conversation_id == asked.conversation_id, Message.seq < asked.seq, Message.role != Author.SYSTEM)
        .order_by(Message.seq.desc())
        .limit(HISTORY_TURNS)
    ).all()
    return Question(asked.content, tuple(Turn(message.role, message.content) for message in reversed(before)))


def write_draft(session: Session, claim: Claim, draft: str) -> bool:
    """Show the reply as far as it is written; False when the claim no longer stands."""
    session.execute(text("SET LOCAL synchronous_commit = off"))
    written = session.execute(_WRITE_DRAFT, {"id": claim.job_id, "fence": claim.fence, "text": draft})
    return written.one_or_none() is not None


def record(session: Session, claim: Claim, reply: Reply, index_version: int, read: Collection[int]) -> bool:
    """Put a reply into its slot; False when the claim no longer stands and the reply must be dropped.

    `read` are the ids of all passages it was written from: one it does not cite may stand in its words all the same.

    Raises:
        SourcesGoneError: one of them is no longer published.
    """
    conversation = lock_conversation(session, claim.case)
    if not jobs.stands(session, claim):
        return False
    if not knowledge.still_published(session, list(read), staff=False):
        raise SourcesGoneError
    handed_over = _hands_over(conversation, reply)
    message = say_next(session, conversation, _message(claim, reply, index_version, handed_over=handed_over))
    status = JobStatus.HANDED_OVER if handed_over else JobStatus.SUCCEEDED
    _move(conversation, reply, handed_over=handed_over)
    session.flush()
    session.execute(delete(Draft).where(Draft.job_id == claim.job_id))
    jobs.wake_dispatcher(session)  # the conversation's next question may be due now
    return jobs.end(session, claim, status, reply_id=message.id)


def _hands_over(conversation: Conversation, reply: Reply) -> bool:
    return reply.outcome is Outcome.NO_ANSWER and conversation.no_answers + 1 >= NO_ANSWERS_BEFORE_A_PERSON


def _message(claim: Claim, reply: Reply, index_version: int, *, handed_over: bool) -> Message:
    message = Message(
        role=Author.ASSISTANT,
        content=reply.text,
        reply_to=claim.message_id,
        outcome=reply.outcome,
        owes_reply=False,
        sources=[asdict(source) | {"document_id": str(source.document_id)} for source in reply.sources],
        index_version=index_version,
        model=reply.model,
        input_tokens=reply.usage.input_tokens,
        output_tokens=reply.usage.output_tokens,
    )
    if handed_over:
        message.content = say(f"notices.handed_over.{HandoverReason.NO_ANSWER}", reply.language)
        message.outcome, message.sources = Outcome.HANDED_OVER, []
    return message


def _move(conversation: Conversation, reply: Reply, *, handed_over: bool) -> None:
    """Bring a case where the reply leaves it; one that waits for a person goes on waiting."""
    conversation.language = reply.language
    if handed_over:
        owe_a_person(conversation, HandoverReason.NO_ANSWER)
        return
    if reply.outcome is Outcome.NO_ANSWER:
        conversation.no_answers += 1
    elif reply.outcome is Outcome.ANSWERED:
        conversation.no_answers = 0
    if conversation.status is ConversationStatus.NEW:
        conversation.status = ConversationStatus.IN_PROGRESS
