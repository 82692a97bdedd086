"""The words of the business, shared by every room. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID


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


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation as the assistant sees it, oldest first in a history."""

    author: Author
    text: str
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the index proposes: a passage id and its score in 0..1, best first in a list."""

    passage_id: int
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A published piece of a document, read from PostgreSQL. `page` is 1-based, None where the file has no pages."""

    id: int
    document_id: UUID
    title: str
    page: int | None
    heading: str
    text: str
    language: Language


@dataclass(frozen=True, slots=True)
class Source:
    """A passage quoted by a reply, under the number `n` (1-based) the reader sees."""

    n: int
    passage_id: int
    document_id: UUID
    title: str
    page: int | None
    excerpt: str
    score: float


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens billed by the model for one reply."""

    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class FoundFact:
    """A number or a date read in a picture, in one form however it was printed: codes in capitals, 2024-03-12."""

    kind: FactKind
    value: str


@dataclass(frozen=True, slots=True)
class Received:
    """A file that came with a message, told by what we know of it, never by what it shows.

    `is_poor` says that a better photo of it is wanted; `transcript` is what was read in it.
    """

    is_pdf: bool
    state: AttachmentState
    is_poor: bool = False
    transcript: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What a reply job asks of the assistant. `history` excludes `text`, oldest turn first.

    `received` are the files that came with it, `confirmed` the facts the customer confirmed so far.
    """

    text: str
    history: tuple[Turn, ...] = ()
    received: tuple[Received, ...] = ()
    confirmed: tuple[FoundFact, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldCase:
    """A closed case as its summary reads it. `photos` says whether the customer sent any.

    `confirmed` was read in them, and the customer said that it is right.
    """

    turns: tuple[Turn, ...]
    language: Language
    photos: bool = False
    confirmed: tuple[FoundFact, ...] = ()


@dataclass(frozen=True, slots=True)
class SummaryFields:
    """What the firm's protocol asks of a case: each as it was written there, None where it was not."""

    order_number: str | None = None
    position: str | None = None
    product: str | None = None
    defect: str | None = None
    photos: bool | None = None
    site_address: str | None = None
    availability: str | None = None
    contact: str | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a colleague reads of a closed case; no text when there was nothing to read."""

    text: str
    fields: SummaryFields = field(default_factory=SummaryFields)
    model: str = "extractive"
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Brief:
    """What a person who takes a case over should know first. `asked`: the customer's messages, oldest first.

    `answered` is the assistant's last answer; `found_nothing` says that the documents held none.
    """

    asked: tuple[str, ...]
    answered: str | None = None
    found_nothing: bool = False
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the assistant says. `text` is Markdown; numbers in it like [1] are `sources[i].n`.

    `acknowledgement` says what became of the files that came with the question; it follows the text, whatever that
    becomes. `owes_a_look` says that a person was promised to look at them.
    """

    text: str
    outcome: Outcome | None
    language: Language
    sources: tuple[Source, ...] = ()
    model: str = "extractive"
    usage: Usage = field(default_factory=Usage)
    acknowledgement: str = ""
    owes_a_look: bool = False
