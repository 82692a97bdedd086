"""When a wait for a person is late, by the hours people work."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.domain import Notice
from webapp.services.firm import Choices
from webapp.services.waits import notice_due

PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("since", "now", "expected"),
    [
        ("2026-03-04 10:00", "2026-03-04 10:14", None),
        ("2026-03-04 10:00", "2026-03-04 10:15", Notice.CUSTOMER_WAITS),
        ("2026-03-04 17:25", "2026-03-04 17:40", Notice.CUSTOMER_WAITS),  # it began in time, and nobody came
        ("2026-03-04 12:40", "2026-03-04 12:40", Notice.WAITS_OUT_OF_HOURS),  # at lunch
        ("2026-03-04 19:00", "2026-03-05 09:14", Notice.WAITS_OUT_OF_HOURS),
        ("2026-03-04 19:00", "2026-03-05 09:15", Notice.CUSTOMER_WAITS),
        ("2026-03-06 18:00", "2026-03-09 09:10", Notice.WAITS_OUT_OF_HOURS),  # over a weekend
        ("2026-05-01 10:00", "2026-05-01 12:00", Notice.WAITS_OUT_OF_HOURS),  # a holiday
    ],
)
def test_a_wait_is_late_by_the_hours_people_work(since: str, now: str, expected: Notice | None) -> None:
    began, at = (datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(PARIS)) for moment in (since, now))
    assert notice_due(Choices(), began, at) is expected


def test_what_is_due_comes_before_what_is_not() -> None:
    """The longest wait is looked at first, and only so many: no later one may be due before an earlier one."""
    start = datetime(2026, 3, 2, tzinfo=ZoneInfo(PARIS))
    for now in (start + timedelta(hours=hours) for hours in range(0, 24 * 7, 5)):
        began = [now - timedelta(minutes=minutes) for minutes in range(0, 60 * 24 * 5, 37)]
        due = [notice_due(Choices(), each, now) is Notice.CUSTOMER_WAITS for each in began]
        assert due == sorted(due)
