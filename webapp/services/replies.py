"""The reply slot: what the assistant needs to know, its draft, and its outcome."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from webapp.domain import (
    Author,
    ConversationStatus,
    HandoverReason,
    JobKind,
    JobStatus,
    Language,
    Outcome,
    Question,
    Received,
    Reply,
    Turn,
)
from webapp.media import MediaType
from webapp.models import Conversation, Draft, Firm, Job, Message
from webapp.models.prepared import Prepared
from webapp.services import facts, jobs, knowledge, photos
from webapp.services.handover import (
    hand_over_open_replies,
    hand_over_reply,
    lock_conversation,
    owe_a_look,
    owe_a_person,
    say_next,
)
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from webapp.domain import Brief
    from webapp.models import Attachment
    from webapp.services.jobs import Claim

HISTORY_TURNS = 40  # more than any token budget keeps
NO_ANSWERS_BEFORE_A_PERSON = 2

# A draft may be lost, so its commit waits for no disk.
_WRITE_DRAFT = Prepared(
    "write_draft",
    """
INSERT INTO draft (job_id, fence, revision, text, progress)
SELECT id, fence, 1, :text, 0 FROM job, (SELECT set_config('synchronous_commit', 'off', true)) AS unhurried
WHERE id = :id AND status = 'running' AND fence = :fence
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


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what decides whether a person takes it over at once.

    `lately` is what was said since the case last went back to the assistant; `awaits_person` that one is owed already;
    `use_model` is the firm's choice.
    """

    question: Question
    lately: tuple[Turn, ...]
    safety_words: tuple[str, ...]
    language: Language
    awaits_person: bool
    use_model: bool


def asked(session: Session, claim: Claim) -> Asked:
    """Return the message that a claimed reply job must answer, with what was said before it."""
    conversation = session.get_one(Conversation, claim.case)
    message, before = _said(session, claim)
    return Asked(
        Question(message.content, _turns(before), _received(session, message), facts.confirmed(session, claim.case)),
        _turns(_lately(before, _last_closing(session, conversation))),
        tuple(session.scalar(select(Firm.choices["safety_words"])) or ()),
        conversation.language,
        conversation.waiting_since is not None,
        session.scalar(select(Firm.choices["use_model"])) is not False,
    )


def _said(session: Session, claim: Claim) -> tuple[Message, Sequence[Message]]:
    message = session.execute(select(Message).where(Message.id == claim.message_id)).scalar_one()
    before = session.scalars(
        select(Message)
        .where(Message.conversation_id == message.conversation_id, Message.seq < message.seq)
        .where(Message.role != Author.SYSTEM)
        .order_by(Message.seq.desc())
        .limit(HISTORY_TURNS)
    ).all()
    return message, before[::-1]


def _received(session: Session, message: Message) -> tuple[Received, ...]:
    """Return what is known of the files that came with a message."""
    shown = photos.of_messages(session, [message.id]).get(message.id, [])
    return tuple(
        Received(_is_pdf(row), row.state, bool(row.faults), row.transcript)
        for row in (each.attachment for each in shown)
    )


def _is_pdf(row: Attachment) -> bool:
    """Tell a PDF: once clean, its pages are pictures."""
    return row.media_type == MediaType.PDF or row.name.lower().endswith(".pdf")


def _turns(messages: Sequence[Message]) -> tuple[Turn, ...]:
    return tuple(Turn(message.role, message.content, message.outcome) for message in messages)


def _lately(before: Sequence[Message], closed_at: datetime | None) -> Sequence[Message]:
    """Return what follows a person's words, a hand-over and a closing: what led there is not counted twice."""
    ends = [
        place
        for place, message in enumerate(before, 1)
        if message.role is Author.STAFF
        or message.outcome is Outcome.HANDED_OVER
        or (closed_at is not None and message.created_at <= closed_at)
    ]
    return before[ends[-1] :] if ends else before


def _last_closing(session: Session, conversation: Conversation) -> datetime | None:
    """Return when a case was closed last: each closing has its summary job."""
    return session.scalar(
        select(Job.created_at)
        .where(Job.conversation_id == conversation.id, Job.kind == JobKind.SUMMARY)
        .order_by(Job.created_at.desc())
        .limit(1)
    )


def write_draft(session: Session, claim: Claim, draft: str) -> bool:
    """Show the reply as far as it is written; False when the claim no longer stands."""
    written = _WRITE_DRAFT.execute(session, {"id": claim.job_id, "fence": claim.fence, "text": draft})
    return written.one_or_none() is not None


def hand_over(session: Session, claim: Claim, reason: HandoverReason, language: Language, brief: Brief) -> bool:
    """Fill the slot of a question that a person takes over at once; False when the claim no longer stands.

    A customer who asks for a person in words has the assistant off, as by the button.
    """
    conversation = lock_conversation(session, claim.case)
    if not jobs.stands(session, claim):
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
    conversation = lock_conversation(session, claim.case)
    if not jobs.stands(session, claim):
        return False
    if not knowledge.still_published(session, list(read), staff=False):
        raise SourcesGoneError
    handed_over = _hands_over(conversation, reply)
    waits = conversation.waiting_since is not None
    said = _message(claim, reply, index_version, handed_over=handed_over, waits=waits)
    message = say_next(session, conversation, said)
    status = JobStatus.HANDED_OVER if handed_over else JobStatus.SUCCEEDED
    _move(conversation, reply, brief, handed_over=handed_over)
    session.flush()
    session.execute(delete(Draft).where(Draft.job_id == claim.job_id))
    jobs.wake_dispatcher(session)  # the conversation's next question may be due now
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
