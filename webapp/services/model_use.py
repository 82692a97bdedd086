"""The use of the model, by the hour: who runs the desk sees calls, faults, tokens, cost and energy of many processes.

The counts of Prometheus are the workers' own and gone when they are; these rows are in every backup.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from webapp.domain import Usage
from webapp.models.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from webapp.services.firm import Choices

OK = "ok"  # how a call ended; otherwise the reason it failed for
BUILT_IN = "extractive"  # the assistant without a model
DAYS = 14
KEPT_DAYS = 400

# Losing the last call in a crash costs nothing: no reply waits for the disk.
_COUNT = Prepared(
    "count_model_use",
    """
INSERT INTO model_use (hour, model, operation, status, calls, input_tokens, output_tokens, last_at)
SELECT date_trunc('hour', clock_timestamp()), :model, :operation, :status, 1, :input, :output, clock_timestamp()
FROM set_config('synchronous_commit', 'off', true)
ON CONFLICT (hour, model, operation, status) DO UPDATE SET calls = model_use.calls + 1, last_at = excluded.last_at,
    input_tokens = model_use.input_tokens + excluded.input_tokens,
    output_tokens = model_use.output_tokens + excluded.output_tokens
""",
    model="text",
    operation="text",
    status="text",
    input="bigint",
    output="bigint",
)
_FORGET = text("DELETE FROM model_use WHERE hour < clock_timestamp() - make_interval(days => :days)")
_LATELY = text("""
SELECT coalesce(sum(calls), 0) AS calls, coalesce(sum(calls) FILTER (WHERE status <> 'ok'), 0) AS errors,
    max(last_at) FILTER (WHERE status = 'ok') AS answered_at, max(last_at) FILTER (WHERE status <> 'ok') AS failed_at,
    (array_agg(status ORDER BY last_at DESC) FILTER (WHERE status <> 'ok'))[1] AS fault
FROM model_use WHERE hour >= date_trunc('hour', clock_timestamp()) - interval '1 hour'
""")
_DAYS = text("""
SELECT day::date AS day, coalesce(sum(u.input_tokens), 0)::bigint AS read,
    coalesce(sum(u.output_tokens), 0)::bigint AS written, coalesce(sum(u.calls), 0)::bigint AS calls,
    coalesce(sum(u.calls) FILTER (WHERE operation = 'reply' AND status = 'ok'), 0)::bigint AS replies,
    coalesce(sum(u.input_tokens + u.output_tokens) FILTER (WHERE operation = 'reply'), 0)::bigint AS for_replies
FROM generate_series(date_trunc('day', clock_timestamp() AT TIME ZONE :zone) - make_interval(days => :days - 1),
                     date_trunc('day', clock_timestamp() AT TIME ZONE :zone), interval '1 day') day
LEFT JOIN model_use u ON date_trunc('day', u.hour AT TIME ZONE :zone) = day
    AND u.hour >= clock_timestamp() - make_interval(days => :days + 1)
GROUP BY 1 ORDER BY 1
""")


@dataclass(frozen=True, slots=True)
class Lately:
    """Calls since the beginning of the last full hour; `fault` is the reason of the last that failed."""

    calls: int
    errors: int
    answered_at: datetime | None
    failed_at: datetime | None
    fault: str | None

    @property
    def fails(self) -> bool:
        """Whether the last call that ended is one that failed."""
        return self.failed_at is not None and (self.answered_at is None or self.failed_at > self.answered_at)


@dataclass(frozen=True, slots=True)
class Day:
    """Tokens read and written on a day of the firm; `for_replies` those of `replies` answers."""

    day: date
    read: int
    written: int
    calls: int
    replies: int
    for_replies: int


def count(session: Session, model: str, operation: str, status: str, usage: Usage | None = None) -> None:
    used = usage or Usage()
    where = {"model": model, "operation": operation, "status": status}
    _COUNT.execute(session, where | {"input": used.input_tokens, "output": used.output_tokens})


def forget_old(session: Session) -> None:
    session.execute(_FORGET, {"days": KEPT_DAYS})


def lately(session: Session) -> Lately:
    return Lately(*session.execute(_LATELY).one())


def by_day(session: Session, zone: str) -> Sequence[Day]:
    """Return the last days where the firm is, today the last."""
    return [Day(*row) for row in session.execute(_DAYS, {"zone": zone, "days": DAYS})]


def cost(wanted: Choices, read: int, written: int) -> float | None:
    """Return what tokens cost at the firm's prices, None when it gave none."""
    if wanted.price_read is None or wanted.price_written is None:
        return None
    return (read * wanted.price_read + written * wanted.price_written) / 1_000_000


def energy_wh(wanted: Choices, read: int, written: int) -> float:
    """Return the estimated energy of tokens where they are computed, by the firm's coefficients."""
    return (read * wanted.wh_read + written * wanted.wh_written) / 1000
