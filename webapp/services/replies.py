"""The reply slot: what the assistant needs to know, its draft, and its outcome."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from webapp.domain import (
    Author,
    ConversationStatus,
    HandoverReason,
    JobStatus,
    Language,
    Outcome,
    Reply,
)
from webapp.models import Conversation, Message
from webapp.models.prepared import Prepared
from webapp.services import jobs, knowledge
from webapp.services.handover import (
    hand_over_open_replies,
    hand_over_reply,
    lock_claimed,
    owe_a_look,
    owe_a_person,
    say_next,
)
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

    from webapp.domain import Brief
    from webapp.services.jobs import Claim

NO_ANSWERS_BEFORE_A_PERSON = 2

# A draft may be lost, so its commit waits for no disk. The job is locked before it is judged: a hand-over under way
# would otherwise be waited for by the foreign key alone, after the look that found the job running.
_WRITE_DRAFT = Prepared(
    "write_draft",
    """
INSERT INTO draft (job_id, fence, revision, text, progress)
SELECT id, fence, 1, :text, 0 FROM job, (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried
WHERE id = :id AND status = 'running' AND fence = :fence
FOR KEY SHARE OF job
ON CONFLICT (job_id) DO UPDATE SET text = excluded.text, fence = excluded.fence, revision = draft.revision + 1
RETURNING job_id
""",
    text="text",
    id="uuid",
    fence="integer",
)


@dataclass(frozen=True, slots=True)
class SourcesGoneError(Exception):
    """A source of the reply was withdrawn while it was written: think again."""


def write_draft(session: Session, claim: Claim, draft: str) -> bool:
    """Show the reply as far as it is written; False when the claim no longer stands."""
    written = _WRITE_DRAFT.execute(session, {"id": claim.job_id, "fence": claim.fence, "text": draft})
    return written.one_or_none() is not None


def hand_over(session: Session, claim: Claim, reason: HandoverReason, language: Language, brief: Brief) -> bool:
    """Fill the slot of a question that a person takes over at once; False when the claim no longer stands.

    A customer who asks for a person in words has the assistant off, as by the button.
    """
    conversation = lock_claimed(session, claim)
    if conversation is None:
        return False
    conversation.language = language
    if reason is HandoverReason.CUSTOMER:
        conversation.assistant_on = False
        hand_over_open_replies(session, conversation, reason, brief)
    else:
        hand_over_reply(session, conversation, claim.job_id, reason, brief)
    jobs.wake_dispatcher(session)  # the conversation's next question may be due now
    return True


def record(  # noqa: PLR0913  a reply and what it was made from
    session: Session,
    claim: Claim,
    reply: Reply,
    index_version: int,
    read: Collection[int],
    *,
    brief: Brief | None = None,
) -> bool:
    """Put a reply into its slot; False when the claim no longer stands and the reply must be dropped.

    `read` are the ids of all passages it was written from: one it does not cite may stand in its words all the same.
    `brief` is for the person who takes over if this is one "I found nothing" too many.

    Raises:
        SourcesGoneError: one of them is no longer published.
    """
    conversation = lock_claimed(session, claim)
    if conversation is None:
        return False
    if not knowledge.still_published(session, list(read), staff=False):
        raise SourcesGoneError
    handed_over = _hands_over(conversation, reply)
    waits = conversation.waiting_since is not None
    said = _message(claim, reply, index_version, handed_over=handed_over, waits=waits)
    _move(conversation, reply, brief, handed_over=handed_over)
    message = say_next(session, conversation, said)
    status = JobStatus.HANDED_OVER if handed_over else JobStatus.SUCCEEDED
    return jobs.end(session, claim, status, reply_id=message.id)


def _hands_over(conversation: Conversation, reply: Reply) -> bool:
    """Whether this is one "I found nothing" too many; a case that waits for a person is not handed over again."""
    too_many = conversation.no_answers + 1 >= NO_ANSWERS_BEFORE_A_PERSON
    return reply.outcome is Outcome.NO_ANSWER and too_many and conversation.waiting_since is None


def _message(claim: Claim, reply: Reply, index_version: int, *, handed_over: bool, waits: bool) -> Message:
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
    elif reply.outcome is Outcome.NO_ANSWER and (waits or reply.owes_a_look):  # nobody is offered who is owed already
        message.content = say("waiting.no_answer", reply.language)
    message.content = "\n\n".join(filter(None, (message.content, reply.acknowledgement)))
    return message


def _move(conversation: Conversation, reply: Reply, brief: Brief | None, *, handed_over: bool) -> None:
    """Bring a case where the reply leaves it; one that waits for a person goes on waiting."""
    conversation.language = reply.language
    if handed_over:
        owe_a_person(conversation, HandoverReason.NO_ANSWER, brief)
        return
    if reply.outcome is Outcome.NO_ANSWER:
        conversation.no_answers += conversation.waiting_since is None
    elif reply.outcome is Outcome.ANSWERED:
        conversation.no_answers = 0
    if reply.owes_a_look:
        owe_a_look(conversation, brief)
    elif conversation.status is ConversationStatus.NEW:
        conversation.status = ConversationStatus.IN_PROGRESS
