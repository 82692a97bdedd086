"""Figures of the desk."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel


class DayOut(BaseModel):
    """Conversations opened on a day, in all and by the state they are in now."""

    day: date
    opened: int
    by_status: dict[str, int]


class WaitingOut(BaseModel):
    """Customers who wait, and the longest wait in seconds; null when nobody does."""

    customers: int
    longest_s: float | None


class QueueStateOut(BaseModel):
    """Open work of a queue; its oldest in seconds since it was due."""

    open_jobs: int
    oldest_s: float
    late: bool


class StatsOut(BaseModel):
    """Figures of a period of whole days, today the last; nothing by person.

    Times are medians in seconds from the opening of a conversation, rates are 0 to 1; null where nothing was measured.
    Times and what the assistant answered alone are measured on `sample` conversations: all, or an even 20 000 of more.
    """

    period: str
    since: datetime
    opened: int
    by_status: dict[str, int]
    by_day: list[DayOut]
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
    for_a_person: WaitingOut
    for_the_assistant: WaitingOut
    queues: dict[str, QueueStateOut]
