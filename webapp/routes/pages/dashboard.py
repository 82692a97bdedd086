"""The dashboard: a sentence, a few figures, then charts. Nothing is shown by person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from babel.dates import format_skeleton
from babel.numbers import format_decimal, format_percent
from flask import render_template, request

from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.locale import language
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.standing import duration, stand_still, who_wait
from webapp.services import pauses, stats
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from webapp.routes.schemas.stats import StatsOut
    from webapp.services.stats import Day


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart, with its length in hundredths of the longest, and what its row in the table says more."""

    label: str
    value: int
    length: int
    parts: dict[str, int]


@pages.get("/dashboard")
@access.staff
def dashboard() -> str:
    found = views.stats(request.args.get("period", "month"))
    return render_template(
        "dashboard.html",
        stats=found,
        periods=list(stats.DAYS),
        sentences=_sentences(found),
        over_time=_over_time(found.period, found.by_day),
        by_status=_named("pages.status", found.by_status),
        by_outcome=_named("dashboard.outcome", found.replies),
    )


def _sentences(found: StatsOut) -> list[str]:
    """Say in words who waits and whether the queues are well."""
    said = who_wait(found.for_a_person, found.for_the_assistant)
    late = [(name, queue.oldest_s) for name, queue in found.queues.items() if queue.late]
    for name, oldest_s in late:
        queue = say(f"dashboard.queue.{name}", language())
        said.append(say("dashboard.late", language(), queue=queue, age=duration(oldest_s)))
    still = stand_still(pauses.current(db.session()))
    return [*said, *still] if late or still else [*said, say("dashboard.well", language())]


def _over_time(period: str, days: Sequence[Day]) -> list[Bar]:
    """Return the days of a week or a month, the weeks of a quarter, the months of a year."""
    begins, skeleton = _SPANS[period]
    spans = [list(group) for _, group in groupby(days, lambda each: begins(each.day))]
    return _bars((_date(span[0].day, skeleton), sum(each.opened for each in span), _sums(span)) for span in spans)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def _the_day(day: date) -> date:
    return day


# By which days the figures of a period are put together, and how such a day is written.
_SPANS: dict[str, tuple[Callable[[date], date], str]] = {
    "week": (_the_day, "MMMd"),
    "month": (_the_day, "MMMd"),
    "quarter": (_monday, "MMMd"),
    "year": (_first_of_month, "yMMM"),
}


def _date(day: date, skeleton: str) -> str:
    return format_skeleton(skeleton, day, locale=language().value)


def _sums(span: Sequence[Day]) -> dict[str, int]:
    return {status: sum(each.by_status[status] for each in span) for status in span[0].by_status}


def _named(prefix: str, counts: Mapping[str, int]) -> list[Bar]:
    return _bars((say(f"{prefix}.{name}", language()), count, {}) for name, count in counts.items())


def _bars(rows: Iterable[tuple[str, int, dict[str, int]]]) -> list[Bar]:
    made = list(rows)
    longest = max((value for _, value, _ in made), default=0) or 1
    return [Bar(label, value, -(-100 * value // longest), parts) for label, value, parts in made]


@pages.app_template_filter()
def percent(share: float | None) -> str:
    return "–" if share is None else format_percent(share, locale=language().value)


@pages.app_template_filter()
def whole(number: int) -> str:
    return format_decimal(number, locale=language().value)
