"""The machinery, its model and its use."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from webapp.extensions import db
from webapp.routes.schemas.operations import ModelOut, OperationsOut, UseOut
from webapp.routes.sessions import settings
from webapp.routes.views.knowledge import index
from webapp.services import firm, model_use, operations, pauses, standing
from webapp.services.standing import Waiting

if TYPE_CHECKING:
    from webapp.services.firm import Choices
    from webapp.services.model_use import Day


def state() -> OperationsOut:
    """Return how the service stands, in whole seconds and minutes: what does not change reads the same again."""
    session = db.session()
    stands, choices = standing.read(session), firm.choices(session)
    dispatchers, queues = operations.queues(session)
    return OperationsOut(
        for_a_person=_whole(stands.for_a_person),
        for_the_assistant=_whole(stands.for_the_assistant),
        pauses=list(pauses.current(session)),
        dispatchers=dispatchers,
        queues=[replace(each, oldest_s=float(int(each.oldest_s))) for each in queues],
        index=index(),
        model=_model(choices),
        currency=choices.currency,
        days=[_use(choices, day) for day in model_use.by_day(session, settings().timezone)],
        stuck=[replace(each, age_s=float(int(each.age_s) // 60 * 60)) for each in operations.stuck(session)],
    )


def _whole(waiting: Waiting) -> Waiting:
    return Waiting(waiting.customers, None if waiting.longest_s is None else float(int(waiting.longest_s)))


def _model(choices: Choices) -> ModelOut:
    lately = model_use.lately(db.session())
    if not settings().has_model:
        state = "built_in"
    elif not choices.use_model:
        state = "off"
    elif not lately.calls:
        state = "quiet"
    else:
        state = "failing" if lately.fails else "well"
    return ModelOut(
        name=settings().openai_model if settings().has_model else None,
        state=state,
        calls=lately.calls,
        errors=lately.errors,
        answered_at=lately.answered_at,
        failed_at=lately.failed_at,
        fault=lately.fault,
    )


def _use(choices: Choices, day: Day) -> UseOut:
    return UseOut(
        day=day.day,
        read=day.read,
        written=day.written,
        calls=day.calls,
        units_per_reply=day.for_replies / day.replies if day.replies else None,
        cost=model_use.cost(choices, day.read, day.written),
        energy_wh=model_use.energy_wh(choices, day.read, day.written),
    )
