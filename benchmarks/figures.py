"""One measurement is one JSON line: what was found, beside what, and whether that is what we are after."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

Sense = Literal[">=", "<="]


@dataclass(frozen=True, slots=True)
class Figure:
    """`ratio` is value to `against`, which has the same unit; where nothing stands against it, `value` has the goal."""

    name: str
    value: float
    unit: str
    goal: float
    sense: Sense
    against: float | None = None
    opponent: str = ""
    more: dict[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        return self.value / self.against if self.against else None

    @property
    def ok(self) -> bool:
        held = self.value if self.ratio is None else self.ratio
        return held >= self.goal if self.sense == ">=" else held <= self.goal

    def line(self) -> str:
        ratio = self.ratio
        return json.dumps(
            {
                "name": self.name,
                "value": _short(self.value),
                "unit": self.unit,
                "against": None if self.against is None else _short(self.against),
                "ratio": None if ratio is None else _short(ratio),
                "goal": f"{self.sense} {self.goal:g}",
                "ok": self.ok,
                "opponent": self.opponent,
                **self.more,
            },
            ensure_ascii=False,
        )


def _short(number: float) -> float:
    return float(f"{number:.4g}")


def progress(text: str) -> None:
    """Tell whoever watches; figures alone go to standard output."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def timed(call: Callable[[], Result]) -> tuple[float, Result]:
    """(seconds, what the call gave)."""
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result
