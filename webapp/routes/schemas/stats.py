"""Figures of the desk."""

from __future__ import annotations

from webapp.services.standing import QueueState, Waiting
from webapp.services.stats import Stats


class StatsOut(Stats):
    """Figures of a period of whole days, today the last, and how the desk stands now; nothing by person.

    Those of a large firm may be a minute old: `as_of`. Times are medians in seconds from the opening of a conversation,
    rates are 0 to 1; null where nothing was measured.
    Times and what the assistant answered alone are measured on `sample` conversations: all, or an even 20 000 of more.
    """

    period: str
    for_a_person: Waiting
    for_the_assistant: Waiting
    queues: dict[str, QueueState]
