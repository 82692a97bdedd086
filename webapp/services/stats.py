"""Figures for the people who run the desk, with what the assistant did and what people did kept apart.

A period is whole days where the firm is, today the last of them. Conversations count on the day they were opened, by
the state they are in now; replies, ratings and tokens count on the day they were written. Nothing is counted by person.
They are read for each who asks while that is quick. Of a firm so large that it is not, those read last are kept and
shown with their time, and newer ones read by a job.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from webapp.domain import ConversationStatus, JobKind, Outcome
from webapp.models import KeptStats
from webapp.services import jobs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, RowMapping
    from sqlalchemy.orm import Session

DAYS = {"week": 7, "month": 30, "quarter": 90, "year": 365}
CLOCKS_APART = timedelta(hours=1)  # ids come from the web's clock, times from PostgreSQL's
SAMPLE = 20_000  # conversations: up to so many are measured one by one, of more an even sample, within a point
SHARES = 65_536
PATIENCE_MS = 15_000  # a year of a large firm is slow rather than refused
SLOW_S = 0.02  # from there on figures are kept
FRESH_S = 60
LONG_S = 1.0  # from there on old figures are shown rather than waited for
OLDEST_S = 24 * 3600
JOB_DEADLINE_S = 300


@dataclass(frozen=True, slots=True)
class Wanted:
    """A period (week, month, quarter or year) that ends today, and where the firm is."""

    period: str
    zone: str


class Day(BaseModel):
    """Conversations opened on a day, in all and by the state they are in now."""

    day: date
    opened: int
    by_status: dict[str, int]


class Stats(BaseModel):
    """Times are medians in seconds from the opening of a conversation, None where nothing was measured.

    They and what the assistant answered alone are measured on `sample` conversations.
    """

    since: datetime
    as_of: datetime
    opened: int
    by_status: dict[str, int]
    by_day: list[Day]
    handed_over: int
    handover_rate: float | None
    sample: int
    answered_by_assistant_alone: int
    answered_by_assistant_alone_rate: float | None
    first_answer_by_assistant_s: float | None
    first_answer_by_people_s: float | None
    resolution_s: float | None
    resolution_by_assistant_s: float | None
    resolution_by_people_s: float | None
    replies: dict[str, int]
    feedback_up: int
    feedback_down: int
    input_tokens: int
    output_tokens: int


_PERIOD = text("""
SELECT today::date, (today - make_interval(days => :days - 1)) AT TIME ZONE :zone AS since, clock_timestamp() AS as_of
FROM date_trunc('day', clock_timestamp() AT TIME ZONE :zone) today
""")
# Ids grow with time (uuid7): the primary key finds what is young enough, and needs no index of its own.
_OPENED = text("""
SELECT (created_at AT TIME ZONE :zone)::date AS day, status, count(*) AS opened, count(handover_reason) AS handed_over
FROM conversation WHERE id >= :floor AND created_at >= :since GROUP BY 1, 2
""")
# The last two bytes of such an id are random: they draw an even sample.
_TIMES = text("""
WITH timed AS (
    SELECT answered AND people_at IS NULL AND handover_reason IS NULL AS alone, people_at IS NOT NULL AS by_people,
        extract(epoch FROM assistant_at - created_at)::float8 AS assistant_s,
        extract(epoch FROM people_at - created_at)::float8 AS people_s,
        extract(epoch FROM closed_at - created_at)::float8 AS closed_s
    FROM conversation c CROSS JOIN LATERAL (
        SELECT bool_or(outcome = 'answered') AS answered,
            min(created_at) FILTER (
                WHERE role = 'assistant' AND outcome IS DISTINCT FROM 'handed_over') AS assistant_at,
            min(created_at) FILTER (WHERE role = 'staff') AS people_at
        FROM message m WHERE m.conversation_id = c.id AND role IN ('assistant', 'staff')) said
    WHERE c.id >= :floor AND c.created_at >= :since
        AND get_byte(uuid_send(c.id), 14) * 256 + get_byte(uuid_send(c.id), 15) < :share
)
SELECT count(*) AS sample, count(*) FILTER (WHERE alone) AS alone,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY assistant_s) AS first_answer_by_assistant_s,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY people_s) AS first_answer_by_people_s,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY closed_s) AS resolution_s,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY closed_s) FILTER (WHERE NOT by_people) AS resolution_by_assistant_s,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY closed_s) FILTER (WHERE by_people) AS resolution_by_people_s
FROM timed
""")
_REPLIES = text("""
SELECT outcome, count(*) AS replies, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
    count(*) FILTER (WHERE feedback = 'up') AS feedback_up, count(*) FILTER (WHERE feedback = 'down') AS feedback_down
FROM message WHERE id >= :floor AND created_at >= :since AND role = 'assistant' GROUP BY outcome
""")


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures, and the seconds it took to read them."""

    wanted: Wanted
    stats: Stats
    took_s: float


def current(session: Session, wanted: Wanted) -> Stats:
    """Return the figures as they are, or as they were up to a minute ago; older where reading them takes long."""
    age_s = func.extract("epoch", func.clock_timestamp() - KeptStats.read_at)
    kept = session.execute(
        select(KeptStats.content, KeptStats.read_at, KeptStats.took_s, age_s.label("age_s")).where(
            KeptStats.period == wanted.period, KeptStats.zone == wanted.zone, KeptStats.took_s >= SLOW_S
        )
    ).one_or_none()
    if kept is None or kept.age_s > (OLDEST_S if kept.took_s >= LONG_S else FRESH_S):
        return _live(session, wanted)
    if kept.age_s > FRESH_S:
        _owe_newer(session, wanted, f"{kept.read_at:%s} {kept.age_s // FRESH_S}")
    return Stats.model_validate(kept.content)


def _live(session: Session, wanted: Wanted) -> Stats:
    measured = measure(session, wanted)
    if measured.took_s >= SLOW_S:
        keep(session, measured)
    return measured.stats


def _owe_newer(session: Session, wanted: Wanted, moment: str) -> None:
    """Have a job read newer figures; of the many who look at the same moment one owes it."""
    key = f"stats {wanted.period} {wanted.zone} {moment}"
    jobs.enqueue(session, JobKind.STATS, deadline_s=JOB_DEADLINE_S, dedupe_key=key, request=asdict(wanted))


def measure(session: Session, wanted: Wanted) -> Measured:
    began = time.monotonic()
    return Measured(wanted, read(session, wanted.period, wanted.zone), time.monotonic() - began)


def keep(session: Session, measured: Measured) -> None:
    values = asdict(measured.wanted) | {
        "content": measured.stats.model_dump(mode="json"),
        "took_s": measured.took_s,
        "read_at": measured.stats.as_of,
    }
    row = insert(KeptStats).values(values)
    session.execute(row.on_conflict_do_update(index_elements=["period", "zone"], set_=values))


def read(session: Session, period: str, zone: str) -> Stats:
    """Return the figures of a period: week, month, quarter or year, ending today."""
    session.execute(text(f"SET LOCAL statement_timeout = {PATIENCE_MS}"))
    today, since, as_of = session.execute(_PERIOD, {"days": DAYS[period], "zone": zone}).one()
    where = {"since": since, "floor": _floor(since - CLOCKS_APART), "zone": zone}
    days = [today - timedelta(days=ago) for ago in range(DAYS[period] - 1, -1, -1)]
    volumes = _volumes(session.execute(_OPENED, where).all(), days)
    share = SHARES * SAMPLE // max(volumes["opened"], SAMPLE)
    times = session.execute(_TIMES, where | {"share": share}).mappings().one()
    return Stats(
        since=since,
        as_of=as_of,
        **volumes,
        **_times(times, volumes["opened"]),
        **_replies(session.execute(_REPLIES, where).all()),
    )


def _volumes(rows: Sequence[Row[Any]], days: Sequence[date]) -> dict[str, Any]:
    by_status, by_day = _no_status(), {day: _no_status() for day in days}
    for row in rows:
        by_day.setdefault(row.day, _no_status())[row.status] += row.opened  # a day that began while this was read
        by_status[row.status] += row.opened
    handed_over, opened = sum(row.handed_over for row in rows), sum(by_status.values())
    return {
        "opened": opened,
        "by_status": by_status,
        "by_day": [Day(day=day, opened=sum(statuses.values()), by_status=statuses) for day, statuses in by_day.items()],
        "handed_over": handed_over,
        "handover_rate": handed_over / opened if opened else None,
    }


def _times(row: RowMapping, opened: int) -> dict[str, Any]:
    times = dict(row)
    alone = times.pop("alone")
    rate = alone / row["sample"] if row["sample"] else None
    return times | {
        "answered_by_assistant_alone_rate": rate,
        "answered_by_assistant_alone": round((rate or 0) * opened),
    }


def _replies(rows: Sequence[Row[Any]]) -> dict[str, Any]:
    replies = {outcome.value: 0 for outcome in Outcome}
    replies |= {row.outcome: row.replies for row in rows if row.outcome is not None}
    sums = ("feedback_up", "feedback_down", "input_tokens", "output_tokens")
    return {"replies": replies} | {name: sum(int(getattr(row, name)) for row in rows) for name in sums}


def _no_status() -> dict[str, int]:
    return {status.value: 0 for status in ConversationStatus}


def _floor(moment: datetime) -> UUID:
    """Return the smallest uuid7 of a moment."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
