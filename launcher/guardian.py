"""The last net: a tiny process that holds a pipe to the launcher and ends what is left when that closes.

The kernel already tells every child that its launcher died. A child may take long to obey; this one does not wait for
ever. It also holds the lock of the data folder on, so that the next start waits until this end is complete.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from launcher import remains
from launcher.configuration import REPOSITORY

FAREWELL = b"q"


class Guardian:
    """The launcher's handle on its guardian."""

    def __init__(self, run_dir: Path, drain_seconds: float, lock_descriptor: int) -> None:
        self._argv = [sys.executable, "-S", "-m", "launcher.guardian", str(run_dir), str(drain_seconds)]
        self._lock_descriptor = lock_descriptor
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        """Start it, or start it again should somebody have ended it."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=REPOSITORY,
                pass_fds=(self._lock_descriptor,),
                start_new_session=True,
            )

    @property
    def pids(self) -> set[int]:
        return {self._process.pid} if self._process else set()

    def dismiss(self) -> None:
        """All children are gone: it has nothing to do."""
        if self._process and self._process.poll() is None:
            self._process.communicate(FAREWELL)


def main(run_dir: Path, drain_seconds: float) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.buffer.read() != FAREWELL:
        finish(run_dir, drain_seconds)


def finish(run_dir: Path, drain_seconds: float) -> None:
    """End the children recorded in `run_dir` and remove the records."""
    record = run_dir / "processes.json"
    remains.end(remains.recorded(record), drain_seconds)
    record.unlink(missing_ok=True)
    (run_dir / "application.json").unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
