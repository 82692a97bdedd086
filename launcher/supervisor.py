"""Starts parts, watches them, starts them again, ends them. It knows neither ports nor Flask."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from launcher import logs, remains
from launcher.children import signal_group, started_at
from launcher.faults import Fault
from launcher.terminal import last_lines, say

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from launcher.signals import StopSignals

TICK = 0.1
FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0
SETTLED_SECONDS = 10.0
TRIES = 3
LOG_CHECK_SECONDS = 5.0


@dataclass(frozen=True)
class Part:
    """Something that stays: how to launch it and to see that it came up."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    log: Path
    ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    folder: Path | None = None


@dataclass
class Watched:
    part: Part
    process: subprocess.Popen[bytes] | None = None
    record: remains.Child | None = None
    launched_at: float = 0.0
    next_at: float = 0.0
    delay: float = FIRST_DELAY
    came_up: bool = False
    failures: int = 0

    def age(self) -> float:
        return time.monotonic() - self.launched_at


@dataclass
class Supervisor:
    """Call it from one thread only, the main one: the kernel ties each child's life to the thread that made it."""

    run_dir: Path
    log_dir: Path
    stop_signals: StopSignals
    guard: Callable[[], None] = lambda: None
    watched: list[Watched] = field(default_factory=list)
    _one_shot: subprocess.Popen[bytes] | None = None
    _logs_checked_at: float = 0.0

    @property
    def pids(self) -> set[int]:
        """The processes we started and still answer for."""
        processes = [self._one_shot, *(one.process for one in self.watched)]
        return {process.pid for process in processes if process}

    def add(self, *parts: Part) -> None:
        """Take the parts in charge and launch them."""
        fresh = [Watched(part) for part in parts]
        self.watched += fresh
        for one in fresh:
            self._launch(one)

    def watch(self, until: Callable[[], bool] = lambda: False) -> None:
        """Keep everything alive until `until` says so.

        Raises:
            Fault: a part never came up.
            StopRequested: somebody asked to stop.
        """
        while not until():
            self.stop_signals.pause(TICK)
            self.guard()
            for one in self.watched:
                self._look_at(one)
            if time.monotonic() - self._logs_checked_at > LOG_CHECK_SECONDS:
                self._logs_checked_at = time.monotonic()
                logs.keep_small(self.log_dir)

    def all_up(self) -> bool:
        return all(one.came_up for one in self.watched)

    def accept_all(self) -> None:
        """The application as a whole answers: from now on every part is started again for ever."""
        for one in self.watched:
            one.came_up = True

    def run_to_end(self, part: Part) -> None:
        """Run a part that ends by itself, the others being watched meanwhile.

        Raises:
            Fault: it failed; the sentence ends with the last lines of its log.
        """
        process = self._one_shot = part.launch()
        child = _child(part, process)
        self._record(child)
        try:
            self.watch(until=lambda: process.poll() is not None)
        finally:
            if process.poll() is None:
                remains.end([child], seconds=1.0)
            process.wait()
            self._one_shot = None
            self._record()
        if process.returncode:
            raise Fault(f"{part.name} failed. The end of {part.log}:\n{last_lines(logs.end_of(part.log))}")

    def end(self, names: set[str], seconds: float) -> None:
        """Stop the parts of these names: a polite request, at most `seconds` of patience, then by force."""
        ending = [one for one in self.watched if one.part.name in names]
        self.watched = [one for one in self.watched if one not in ending]
        for one in ending:
            if one.process and one.process.poll() is None:
                one.process.send_signal(one.part.stop_signal)
        _wait_while(lambda: not self.stop_signals.hurry and any(map(_some_left, ending)), seconds)
        for one in ending:
            if one.record:
                one.record.force()
        _wait_while(lambda: any(map(_some_left, ending)), remains.KILL_SECONDS)
        self._record()

    def _look_at(self, one: Watched) -> None:
        if one.process is None:
            if time.monotonic() >= one.next_at:
                self._launch(one)
        elif one.process.poll() is not None:
            self._ended(one, f"ended ({_cause(one.process.returncode)})")
        elif not one.came_up:
            one.came_up = one.part.ready() if one.part.ready else one.age() >= SETTLED_SECONDS

    def _launch(self, one: Watched) -> None:
        one.launched_at = time.monotonic()
        try:
            one.process = one.part.launch()
        except (Fault, OSError) as fault:
            self._ended(one, f"did not start: {fault}")
        else:
            one.record = _child(one.part, one.process)
            self._record()

    def _ended(self, one: Watched, what: str) -> None:
        """Plan the next start; what is left of its group goes first, for it may hold the port."""
        if one.process:
            signal_group(one.process.pid, signal.SIGKILL)
        if one.age() >= SETTLED_SECONDS:
            one.delay = FIRST_DELAY
        one.process, one.record, one.failures = None, None, one.failures + 1
        if not one.came_up and one.failures >= TRIES:
            raise Fault(f"{one.part.name} does not come up: it {what}.{self._why(one.part)}")
        say(f"{one.part.name}: {what}; starting it again in {one.delay:.1f} s")
        one.next_at = time.monotonic() + one.delay
        one.delay = min(one.delay * 2, LONGEST_DELAY)

    def _why(self, part: Part) -> str:
        said = last_lines(logs.end_of(part.log))
        return f" The end of {part.log}:\n{said}" if said else ""

    def _record(self, *more: remains.Child) -> None:
        children = [one.record for one in self.watched if one.record]
        remains.record(self.run_dir / "processes.json", [*children, *more])


def _child(part: Part, process: subprocess.Popen[bytes]) -> remains.Child:
    folder = str(part.folder.resolve()) if part.folder else None
    return remains.Child(part.name, process.pid, started_at(process.pid), part.stop_signal, folder)


def _some_left(one: Watched) -> bool:
    if one.process and one.process.poll() is None:  # not reaped yet, even when it has just become a zombie
        return True
    return one.record is not None and one.record.alive()


def _wait_while(true: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while true() and time.monotonic() < end:
        time.sleep(TICK / 2)


def _cause(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"
