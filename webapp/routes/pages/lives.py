"""What has become of each message: the one line under it, and who answers in this conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from webapp.domain import Author, ConversationStatus, JobKind, JobStatus, Outcome

if TYPE_CHECKING:
    from webapp.routes.schemas.conversations import ConversationOut
    from webapp.routes.schemas.jobs import JobOut
    from webapp.routes.schemas.messages import MessageOut

State = Literal["received", "checking", "queued", "running", "answered", "handed_over", "person"]
Stance = Literal["program", "waiting", "person", "closed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A message with what its line says; `job` while its reply is under way."""

    message: MessageOut
    state: State | None
    job: JobOut | None


def entries(conversation: ConversationOut) -> list[Entry]:
    """Return the messages of a page with their lives, in order."""
    replies = {message.reply_to: message for message in conversation.messages if message.reply_to}
    jobs = {job.message_id: job for job in conversation.jobs if job.kind is JobKind.REPLY}
    spoken = max((each.seq for each in conversation.messages if each.role is Author.STAFF), default=0)
    return [
        Entry(each, _state(each, replies.get(each.id), jobs.get(each.id), spoken), jobs.get(each.id))
        for each in conversation.messages
    ]


def _state(message: MessageOut, reply: MessageOut | None, job: JobOut | None, spoken: int) -> State | None:
    if message.role is not Author.CLIENT:
        return None
    if reply is not None:
        return "handed_over" if reply.outcome is Outcome.HANDED_OVER else "answered"
    if job is not None:
        waits: State = "checking" if any(each.state == "pending" for each in message.attachments) else "queued"
        return "running" if job.status is JobStatus.RUNNING else waits
    return "received" if spoken > message.seq else "person"


def stance(conversation: ConversationOut | None) -> Stance:
    """Say who answers: the head of the chat page tells it plainly."""
    if conversation is None:
        return "program"
    if conversation.status is ConversationStatus.CLOSED:
        return "closed"
    if conversation.status is ConversationStatus.WAITING_STAFF:
        return "waiting"
    return "program" if conversation.assistant == "on" else "person"
