"""When a wait for a person is to be told to staff, by the hours the firm works."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from webapp.domain import Notice
from webapp.services import firm

if TYPE_CHECKING:
    from datetime import datetime

    from webapp.services.firm import Choices


def notice_due(wanted: Choices, since: datetime, now: datetime) -> Notice | None:
    """Return what staff is to be told now of a wait since a local time.

    A wait that begins out of hours is told at once, and is late only so long after people are back.
    """
    counted_from = since if firm.is_open(wanted, since) else firm.next_opening(wanted, since)
    if counted_from is not None and counted_from + timedelta(minutes=wanted.late_after_minutes) <= now:
        return Notice.CUSTOMER_WAITS
    return None if counted_from == since else Notice.WAITS_OUT_OF_HOURS
