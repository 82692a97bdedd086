"""A real process of the application: started, followed through its log, stopped or killed."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

from launcher.children import signal_group, spawn
from tests.harness.waiting import PATIENCE, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TAIL_BYTES = 4000
DRAIN_SECONDS = 30.0


class ProcessEndedError(Exception):
    """A process ended while something was expected of it."""


class Process:
    """One command in its own process group, its log in `folder`; it dies with the test run, however that dies."""

    def __init__(self, name: str, argv: Sequence[str], environ: Mapping[str, str], cwd: Path, folder: Path) -> None:
        self.name = name
        self.argv = list(argv)
        self.log = folder / f"{name}.log"
        self._environ = environ
        self._cwd = cwd
        self._popen: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        if self._popen is None:
            raise ProcessEndedError(f"{self.name} was never started")
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it lives; negative for a signal."""
        return None if self._popen is None else self._popen.poll()

    def start(self) -> None:
        """Start it, again if it ended; what it logged before is out of `output` from now on."""
        if self.alive:
            raise ProcessEndedError(f"{self.name} lives already as {self.pid}")
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._popen = spawn(self.argv, env=self._environ, cwd=self._cwd, log=self.log, death_signal=signal.SIGKILL)

    def output(self) -> str:
        """Everything it wrote since its last start."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def tail(self) -> str:
        text = self.output()[-TAIL_BYTES:] if self.log.exists() else ""
        return f"--- {self.name} (exit code {self.exit_code}), end of its log:\n{text}"

    def wait_log(self, text: str, seconds: float = PATIENCE) -> None:
        """Block until it wrote `text`.

        Raises:
            ProcessEndedError: it ended first.
            TimeoutError: it never did.
        """

        def written() -> bool:
            ended = not self.alive
            if text in self.output():
                return True
            if ended:
                raise ProcessEndedError(f"{self.name} ended before it wrote {text!r}\n{self.tail()}")
            return False

        wait_until(written, f"{text!r} from {self.name}", seconds, evidence=self.tail)

    def signal(self, number: signal.Signals) -> None:
        """Signal the process alone, not the children it has."""
        os.kill(self.pid, number)

    def pause(self) -> None:
        """SIGSTOP for the whole group: alive, holding all it holds, doing nothing."""
        signal_group(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        signal_group(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL the whole group and wait until the process is gone."""
        if self._popen is not None:
            signal_group(self.pid, signal.SIGKILL)
            self._popen.wait()

    def stop(self, seconds: float = DRAIN_SECONDS) -> int:
        """SIGTERM and wait; the exit code.

        Raises:
            TimeoutError: it did not end in time; it was killed then.
        """
        if self.alive:
            self.signal(signal.SIGTERM)
            self.resume()  # a paused process would not hear it
            self.wait(seconds)
        self.kill()  # children that outlived their parent
        code = self.exit_code
        return 0 if code is None else code

    def wait(self, seconds: float = PATIENCE) -> int:
        """Block until it ends by itself; the exit code.

        Raises:
            TimeoutError: it did not; it was killed then.
        """
        if self._popen is None:
            raise ProcessEndedError(f"{self.name} was never started")
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"{self.name} did not end within {seconds:g} s\n{self.tail()}") from None
