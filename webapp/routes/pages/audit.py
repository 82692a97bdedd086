"""The audit in words: who changed what from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from webapp.routes.locale import language
from webapp.texts import catalogue, say

if TYPE_CHECKING:
    from datetime import datetime

    from webapp.services.firm import Line


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the audit; `what` has one entry a field that changed."""

    at: datetime
    author: str
    about: str
    what: list[str]


def told(line: Line) -> Told:
    author = line.author or say("settings.audit.nobody", language())
    return Told(line.at, author, _about(line), [_entry(line, name) for name in line.after])


def _about(line: Line) -> str:
    return line.about or _word(f"settings.audit.{line.subject}", line.subject)


def _entry(line: Line, name: str) -> str:
    label = _word(f"settings.field.{name}", name)
    after, before = _value(line.after[name]), _value(line.before.get(name))
    if after is None:  # too long for a line: lists, texts in two languages
        return label
    if before in (None, after):  # new, or named because the line is about it
        return say("settings.audit.set", language(), field=label, after=after)
    return say("settings.audit.changed", language(), field=label, before=before, after=after)


def _value(value: object) -> str | None:
    if isinstance(value, bool):
        return say("settings.audit.yes" if value else "settings.audit.no", language())
    return _word(f"people.role.{value}", str(value)) if isinstance(value, str | int | float) else None


def _word(key: str, fallback: str) -> str:
    return say(key, language()) if key in catalogue(language()) else fallback
