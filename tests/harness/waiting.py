"""Waiting for something to become true, with a deadline and a reason. Tests never sleep and hope."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 120.0  # seconds; a net under a broken system, generous because several suites share a machine


def wait_until(
    done: Callable[[], bool],
    what: str,
    seconds: float = PATIENCE,
    *,
    step: float = 0.05,
    evidence: Callable[[], str] = str,
) -> None:
    """Poll `done` every `step` seconds.

    Raises:
        TimeoutError: naming `what` never came, with `evidence` (the end of a log, say).
    """
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= end:
            raise TimeoutError(f"waited {seconds:g} s for {what}, in vain\n{evidence()}")
        time.sleep(step)
