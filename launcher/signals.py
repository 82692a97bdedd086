"""Being asked to stop: noticed at once, acted upon where nothing is half done."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from launcher.children import die_with_parent

ONE_WISH_SECONDS = 1.0


class StopRequested(Exception):  # noqa: N818 - not an error: somebody pressed Ctrl-C
    pass


class StopSignals:
    """Notes SIGINT, SIGTERM and SIGHUP: the first is a wish to stop, a later one means at once."""

    def __init__(self) -> None:
        self.requested = False
        self.hurry = False
        self._first_at = 0.0
        self._make = _parent_make()
        # Started in the background of a script, make never catches it.
        self._make_interruptible = self._make is not None and _catches_interrupts(self._make)

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._note)
        if self._make:
            die_with_parent(signal.SIGTERM, self._make)

    def _note(self, *_: object) -> None:
        """A signal to the whole group comes twice, once more through make: that is one wish."""
        now = time.monotonic()
        if not self.requested:
            self.requested, self._first_at = True, now
        elif now - self._first_at > ONE_WISH_SECONDS:
            self.hurry = True

    def pause(self, seconds: float) -> None:
        """Sleep.

        Raises:
            StopRequested: somebody asked, before or during the sleep.
        """
        time.sleep(seconds)
        if self._interrupted_make():
            self._note()
        if self.requested:
            raise StopRequested

    def _interrupted_make(self) -> bool:
        """Whether make alone was interrupted: it then waits for us, tells us nothing, and no longer catches SIGINT."""
        return self._make is not None and self._make_interruptible and not _catches_interrupts(self._make)


def _parent_make() -> int | None:
    """The process number of the `make` that runs us; the Makefile starts us with exec."""
    parent = os.getppid()
    try:
        name = Path(f"/proc/{parent}/comm").read_text().strip()
    except OSError:
        return None
    return parent if name in {"make", "gmake"} else None


def _catches_interrupts(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)
