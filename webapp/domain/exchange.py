"""What the assistant is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from webapp.domain.states import AttachmentState, Author, FactKind, Language, Outcome


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
