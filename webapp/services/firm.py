"""What a firm changes about itself: name, colours, hours, texts, safety words, retention. Kept in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.easter import easter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from webapp.errors import SettingsChangedError
from webapp.models import Account, Change, Firm
from webapp.services import colours

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

# Epoch AI, "How much energy does ChatGPT use?" (February 2025): 0.3 Wh for a usual query of GPT-4o, which writes about
# 500 tokens, and 2.5 Wh when it reads 10 000. Its authors call it pessimistic; a model may differ tenfold either way.
WH_READ, WH_WRITTEN = 0.22, 0.6
LONGEST_CLOSURE_DAYS = 60  # beyond it no next opening is promised


def _storable(value: str) -> str:
    """Refuse what PostgreSQL and UTF-8 have no form for, and what would break a line of a mail's head."""
    if any((character < " " and character not in "\n\t") or "\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("nul")
    return value


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _readable(value: str) -> str:
    """Refuse a colour that cannot be read on white, nor white on it."""
    if colours.contrast(value, colours.WHITE) < colours.READABLE:
        raise PydanticCustomError("contrast", "too little contrast with white")
    return value


def _local(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("zone")
    return value.replace(second=0, microsecond=0)


def _in_order(day: list[Opening]) -> list[Opening]:
    day = sorted(day, key=lambda opening: opening.start)
    if any(later.start < earlier.end for earlier, later in pairwise(day)):
        raise ValueError("overlap")
    return day


Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), AfterValidator(_storable)]
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_one_line),
    AfterValidator(_storable),
]
Moment = Annotated[time, AfterValidator(_local)]
Accent = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$"), AfterValidator(_readable)]


class Opening(BaseModel):
    """A span of one day during which people answer."""

    model_config = ConfigDict(extra="forbid")

    start: Moment
    end: Moment

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Opening:
        if self.end <= self.start:
            raise ValueError("order")
        return self


class Bilingual(BaseModel):
    model_config = ConfigDict(extra="forbid")

    fr: Words = ""
    en: Words = ""


Price = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]  # of a million tokens
Energy = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]  # Wh of a thousand tokens
Day = Annotated[list[Opening], Field(max_length=2), AfterValidator(_in_order)]


def _office_hours() -> list[list[Opening]]:
    day = [Opening(start=time(9), end=time(12, 30)), Opening(start=time(13, 30), end=time(17, 30))]
    return [day, day, day, day, day, [], []]


class Choices(BaseModel):
    """The choices of a firm, each with what holds until it chooses. `hours` has one list a weekday, Monday first."""

    model_config = ConfigDict(extra="forbid")

    name: Name = "Chatbot SAV"
    accent: Accent = "#0f5f6b"
    hours: Annotated[list[Day], Field(min_length=7, max_length=7)] = Field(default_factory=_office_hours)
    public_holidays: bool = True
    holidays: Annotated[list[date], Field(max_length=200)] = Field(default_factory=list)
    welcome: Bilingual = Field(default_factory=Bilingual)
    safety_words: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    keep_conversations_days: Annotated[int, Field(ge=30, le=3650)] = 730
    keep_files_days: Annotated[int, Field(ge=7, le=3650)] = 90
    use_model: bool = True
    describe_photos: bool = False
    late_after_minutes: Annotated[int, Field(ge=1, le=1440)] = 15
    currency: Literal["EUR", "USD", "GBP", "CHF"] = "EUR"
    price_read: Price | None = None
    price_written: Price | None = None
    wh_read: Energy = WH_READ
    wh_written: Energy = WH_WRITTEN


def _stored(row: Firm) -> Choices:
    """Read what is kept; a choice that only a newer version has is left to it, so that one commit back still works."""
    return Choices.model_validate(row.choices, extra="ignore")


def choices(session: Session) -> Choices:
    return _stored(_row(session))


def current(session: Session) -> tuple[int, Choices]:
    """Return the choices with the version they are."""
    row = _row(session)
    return row.version, _stored(row)


def change(session: Session, author_id: UUID, wanted: Choices, *, seen: int | None = None) -> None:
    """Replace the choices, keeping who changed what from what.

    Raises:
        SettingsChangedError: somebody changed them since the author saw version `seen`.
    """
    row = session.execute(select(Firm).with_for_update().execution_options(populate_existing=True)).scalar_one()
    if seen is not None and row.version != seen:
        raise SettingsChangedError
    after = wanted.model_dump(mode="json")
    known = _stored(row).model_dump(mode="json")
    changed = [name for name in after if after[name] != known[name]]
    if not changed:
        return
    row.choices, row.version = after, row.version + 1
    record_change(
        session, author_id, "settings", {name: known[name] for name in changed}, {name: after[name] for name in changed}
    )


def record_change(
    session: Session, author_id: UUID | None, subject: str, before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    """Add a line to the audit."""
    session.add(Change(id=uuid7(), author_id=author_id, subject=subject, before=dict(before), after=dict(after)))
    session.flush()


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the audit. `about` is the person it concerns, None for settings; nobody may be left to name."""

    at: datetime
    author: str | None
    subject: str
    about: str | None
    before: Mapping[str, object]
    after: Mapping[str, object]


def last_changes(session: Session, limit: int, subjects: Collection[str] = ()) -> Sequence[Line]:
    """Return the newest lines of the audit, those of some subjects only when told; with names in the place of ids."""
    wanted = select(Change).where(Change.subject.in_(subjects)) if subjects else select(Change)
    rows = session.scalars(wanted.order_by(Change.created_at.desc(), Change.id.desc()).limit(limit)).all()
    ids = {row.author_id for row in rows} | {_account_of(row.subject) for row in rows}
    names = session.execute(select(Account.id, Account.name).where(Account.id.in_(ids - {None})))
    known: dict[UUID | None, str] = {row.id: row.name for row in names}
    return [
        Line(
            row.created_at,
            known.get(row.author_id),
            row.subject.partition(":")[0],
            known.get(_account_of(row.subject)),
            row.before,
            row.after,
        )
        for row in rows
    ]


def _account_of(subject: str) -> UUID | None:
    kind, _, id_ = subject.partition(":")
    return UUID(id_) if kind == "account" else None


def _row(session: Session) -> Firm:
    return session.execute(select(Firm)).scalar_one()


def now(session: Session, timezone: str) -> datetime:
    """Return the time of PostgreSQL's clock where the firm is."""
    moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return moment.astimezone(ZoneInfo(timezone))


def is_open(wanted: Choices, at: datetime) -> bool:
    """Say whether people answer at a local time."""
    return any(opening.start <= at.time() < opening.end for opening in _openings(wanted, at.date()))


def next_opening(wanted: Choices, at: datetime) -> datetime | None:
    """Return when people answer next after a local time, None when no day within two months is worked."""
    for days in range(LONGEST_CLOSURE_DAYS):
        day = at.date() + timedelta(days=days)
        for opening in _openings(wanted, day):
            start = datetime.combine(day, opening.start, at.tzinfo)
            if start > at:
                return start
    return None


def _openings(wanted: Choices, day: date) -> list[Opening]:
    if day in wanted.holidays or (wanted.public_holidays and day in french_holidays(day.year)):
        return []
    return sorted(wanted.hours[day.weekday()], key=lambda opening: opening.start)


def french_holidays(year: int) -> set[date]:
    """Return the public holidays of metropolitan France."""
    sunday = easter(year)
    fixed = {
        date(year, month, day) for month, day in ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
    }
    return fixed | {sunday + timedelta(days=days) for days in (1, 39, 50)}
