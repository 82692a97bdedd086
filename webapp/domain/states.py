"""The closed sets of the business: who, what kind, in which state."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    FR = "fr"
    EN = "en"


class Role(StrEnum):
    """What an account may do; an admin may do all that staff may."""

    CLIENT = "client"
    STAFF = "staff"
    ADMIN = "admin"


class Author(StrEnum):
    """Who speaks in a message."""

    CLIENT = "client"
    ASSISTANT = "assistant"
    STAFF = "staff"
    SYSTEM = "system"


class Outcome(StrEnum):
    """What a reply did for its question; None stands for words that state no fact (a greeting)."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    HANDED_OVER = "handed_over"


class ConversationStatus(StrEnum):
    NEW = "new"
    IN_PROGRESS = "in_progress"
    WAITING_STAFF = "waiting_staff"
    CLOSED = "closed"


class SummaryState(StrEnum):
    NONE = "none"
    PENDING = "pending"
    READY = "ready"
    UNAVAILABLE = "unavailable"


class AttachmentState(StrEnum):
    PENDING = "pending"
    CLEAN = "clean"
    REJECTED = "rejected"


class FileVariant(StrEnum):
    """`original` is what was sent: it waits for its cleaning, and is shown to nobody."""

    ORIGINAL = "original"
    FULL = "full"
    THUMB = "thumb"


class FactKind(StrEnum):
    ORDER_NUMBER = "order_number"
    SERIAL_NUMBER = "serial_number"
    REFERENCE = "reference"
    DATE = "date"


class FactState(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


class JobKind(StrEnum):
    REPLY = "reply"
    IMAGE = "image"
    SUMMARY = "summary"
    INGEST = "ingest"
    SEARCH = "search"
    PROPOSAL = "proposal"  # what the assistant would answer, for staff to accept or edit
    MAIL = "mail"  # this and the next are ours alone: no caller is ever shown one
    STATS = "stats"
    DESCRIPTION = "description"  # what a model sees on a photo, for staff


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    HANDED_OVER = "handed_over"


OPEN_JOB_STATUSES = (JobStatus.QUEUED, JobStatus.RUNNING)


class Queue(StrEnum):
    REPLIES = "replies"
    IMAGES = "images"
    BACKGROUND = "background"
    DOCUMENTS = "documents"


class Pausable(StrEnum):
    """What an admin may have stand still: the assistant, so that people answer everything, or a queue."""

    ASSISTANT = "assistant"
    REPLIES = Queue.REPLIES.value
    IMAGES = Queue.IMAGES.value
    BACKGROUND = Queue.BACKGROUND.value
    DOCUMENTS = Queue.DOCUMENTS.value


QUEUE_OF_KIND = {
    JobKind.REPLY: Queue.REPLIES,
    JobKind.IMAGE: Queue.IMAGES,
    JobKind.SUMMARY: Queue.BACKGROUND,
    JobKind.SEARCH: Queue.BACKGROUND,
    JobKind.PROPOSAL: Queue.BACKGROUND,
    JobKind.INGEST: Queue.DOCUMENTS,
    JobKind.MAIL: Queue.BACKGROUND,
    JobKind.STATS: Queue.BACKGROUND,
    JobKind.DESCRIPTION: Queue.BACKGROUND,
}


class HandoverReason(StrEnum):
    """Why a person takes over; a closed set, it labels a metric."""

    CUSTOMER = "customer"
    NO_ANSWER = "no_answer"
    DEADLINE = "deadline"
    CRASHES = "crashes"
    FATAL = "fatal"
    STAFF_SPOKE = "staff_spoke"
    CLOSED = "closed"
    ASSISTANT_OFF = "assistant_off"
    ANGER = "anger"
    REPEATED = "repeated"
    SAFETY = "safety"
    PAUSED = "paused"


class Notice(StrEnum):
    """What a mail or a call to the staff's webhook says; each is sent once an occasion."""

    INVITATION = "invitation"
    NEW_PASSWORD = "new_password"  # noqa: S105  the name of a mail
    PERSON_ANSWERED = "person_answered"
    CASE_CLOSED = "case_closed"
    CUSTOMER_WAITS = "customer_waits"
    WAITS_OUT_OF_HOURS = "waits_out_of_hours"


class Channel(StrEnum):
    """By which way a notice goes out."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class Audience(StrEnum):
    """Who may read a document: everybody signed in, or staff only."""

    PUBLIC = "public"
    INTERNAL = "internal"


class DocumentState(StrEnum):
    PENDING = "pending"
    PUBLISHED = "published"
    FAILED = "failed"
    DELETED = "deleted"


class IndexState(StrEnum):
    FRESH = "fresh"
    BUILDING = "building"
    FAILED = "failed"
