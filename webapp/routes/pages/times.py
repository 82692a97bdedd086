"""Moments in words: relative to now, with the exact one at hand, in the firm's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from babel.dates import format_date, format_time, format_timedelta, get_timezone

from webapp.routes.locale import language
from webapp.routes.pages.blueprint import pages
from webapp.routes.sessions import settings
from webapp.texts import say

if TYPE_CHECKING:
    from datetime import tzinfo

JUST_NOW = timedelta(seconds=45)
A_WEEK = timedelta(days=7)


def _zone() -> tzinfo:
    return get_timezone(settings().timezone)


@pages.app_template_global()
def now() -> datetime:
    return datetime.now(UTC)


@pages.app_template_filter()
def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@pages.app_template_filter()
def exact_time(moment: datetime) -> str:
    time = format_time(moment, "short", tzinfo=_zone(), locale=language().value)
    return say("pages.time.exact", language(), day=day(moment), time=time)


@pages.app_template_filter()
def day(moment: datetime) -> str:
    return format_date(moment.astimezone(_zone()), "long", locale=language().value)


@pages.app_template_filter()
def relative_time(moment: datetime) -> str:
    """Return "3 minutes ago"; within a minute "just now", after a week the day itself."""
    age = datetime.now(UTC) - moment
    if age < JUST_NOW:
        return say("pages.time.now", language())
    if age > A_WEEK:
        return day(moment)
    return format_timedelta(-age, add_direction=True, locale=language().value)


@pages.app_template_filter()
def elapsed_time(moment: datetime) -> str:
    """Return how long ago, without "ago": "3 minutes"."""
    return format_timedelta(datetime.now(UTC) - moment, threshold=1, locale=language().value)
