"""What whoever runs the service sees of it, and may do to it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from webapp.domain import Pausable
from webapp.routes.schemas.base import Input, Storable
from webapp.routes.schemas.knowledge import IndexOut
from webapp.services.operations import QueueLine, StuckJob
from webapp.services.pauses import LONGEST_REASON, Paused
from webapp.services.standing import Waiting

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_REASON), Storable]


class PauseIn(Input):
    """What is to stand still: the assistant, so that people answer everything, or a queue."""

    subject: Pausable
    reason: Reason


class ModelOut(BaseModel):
    """The model since the beginning of the last full hour. `state`: built_in, off, quiet, well or failing."""

    name: str | None
    state: str
    calls: int
    errors: int
    answered_at: datetime | None
    failed_at: datetime | None
    fault: str | None


class UseOut(BaseModel):
    """Units of text of a day, with what they cost (null without prices) and their estimated energy in watt-hours."""

    day: date
    read: int
    written: int
    calls: int
    units_per_reply: float | None
    cost: float | None
    energy_wh: float


class OperationsOut(BaseModel):
    """The state of the service. `days` are the last two weeks, today the last."""

    for_a_person: Waiting
    for_the_assistant: Waiting
    pauses: list[Paused]
    dispatchers: int
    queues: list[QueueLine]
    index: IndexOut
    model: ModelOut
    currency: str
    days: list[UseOut]
    stuck: list[StuckJob]
