"""How things stand, in words: who waits, and what stands still."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from babel.dates import format_timedelta

from webapp.domain import Pausable
from webapp.routes.locale import language
from webapp.routes.pages.blueprint import pages
from webapp.texts import say, say_count

if TYPE_CHECKING:
    from collections.abc import Iterable

    from webapp.services.pauses import Paused
    from webapp.services.standing import Waiting


@pages.app_template_filter()
def duration(seconds: float | None) -> str:
    """Return "3 minutes"; a dash where nothing was measured."""
    if seconds is None:
        return "–"
    return format_timedelta(timedelta(seconds=max(1, round(seconds))), threshold=1.5, locale=language().value)


def who_wait(for_a_person: Waiting, for_the_assistant: Waiting) -> list[str]:
    said = [_who_waits("person", for_a_person)]
    return [*said, _who_waits("assistant", for_the_assistant)] if for_the_assistant.customers else said


def _who_waits(whom: str, waiting: Waiting) -> str:
    if waiting.longest_s is None:
        return say(f"dashboard.waits.{whom}.none", language())
    return say_count(f"dashboard.waits.{whom}", language(), waiting.customers, age=duration(waiting.longest_s))


def stand_still(paused: Iterable[Paused]) -> list[str]:
    return [_stands_still(each) for each in paused]


def _stands_still(paused: Paused) -> str:
    if paused.subject is Pausable.ASSISTANT:
        return say("operations.paused.assistant", language(), reason=paused.reason)
    queue = say(f"dashboard.queue.{paused.subject}", language())
    return say("operations.paused.queue", language(), queue=queue, reason=paused.reason)
