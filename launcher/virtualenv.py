"""The virtual environment `.venv`: made when missing, brought to the lock file when that changed."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from launcher import logs
from launcher.children import spawn
from launcher.configuration import REPOSITORY
from launcher.faults import Fault
from launcher.terminal import complain, last_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RUNTIME, DEVELOPMENT = "requirements.lock", "requirements-dev.lock"
PIP = ("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--require-hashes", "-r")
BENT_BY = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


class Virtualenv:
    def __init__(self, log: Path, repository: Path = REPOSITORY, pause: Callable[[float], None] = time.sleep) -> None:
        """`log` takes pip's output; `pause` is how to wait, and may raise to stop the waiting."""
        self.repository = repository
        self.folder = repository / ".venv"
        self.bin = self.folder / "bin"
        self.python = self.bin / "python"
        self._stamp = self.folder / "launcher-stamp.json"
        self._log = log
        self._pause = pause

    def current(self, lock: str) -> bool:
        """Whether the packages of `lock` are the installed ones."""
        return self._read_stamp().get(lock) == _digest(self.repository / lock)

    def ensure(self, lock: str) -> None:
        """Make it so.

        Raises:
            Fault: it could not be made; the sentence names the log.
        """
        if self.current(lock):
            return
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._alone():
            if not self.current(lock):
                self._install(lock)

    def _install(self, lock: str) -> None:
        kept = self._read_stamp()
        complain("installing the packages (a minute or two at the first start)")
        self._stamp.unlink(missing_ok=True)
        if not self._sound():
            self._create()
        self._run("The packages could not be installed", str(self.python), *PIP, lock)
        installed = {lock, RUNTIME} if lock == DEVELOPMENT and self._covers_runtime() else {lock}
        stamp = {**kept, **{name: _digest(self.repository / name) for name in installed}, "place": self._place()}
        partial = self._stamp.with_suffix(".part")
        partial.write_text(json.dumps(stamp, indent=2))
        partial.replace(self._stamp)

    def _create(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        complaint = "The virtual environment could not be made (on Debian the package python3-venv is needed)"
        try:
            self._run(complaint, sys.executable, "-m", "venv", str(self.folder))
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def _sound(self) -> bool:
        """Whether it is whole and its programs still find their Python, which they name by its whole path."""
        with suppress(OSError):
            return self.python.exists() and str(self.python) in (self.bin / "pip").read_text()[:1000]
        return False

    def _run(self, complaint: str, *argv: str) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in BENT_BY}
        process = spawn(argv, env=environment, cwd=self.repository, log=self._log)
        try:
            while process.poll() is None:
                self._pause(0.1)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if process.returncode:
            raise Fault(f"{complaint}. The end of {self._log}:\n{last_lines(logs.end_of(self._log))}")

    def _read_stamp(self) -> dict[str, str]:
        """What is installed; nothing when the clone moved or its Python changed since."""
        with suppress(OSError, ValueError):
            stamp: dict[str, str] = json.loads(self._stamp.read_text())
            return stamp if stamp.get("place") == self._place() and self.python.exists() else {}
        return {}

    def _place(self) -> str:
        return f"{self.folder} {self.python.resolve()}"

    def _covers_runtime(self) -> bool:
        return _pins(self.repository / RUNTIME) <= _pins(self.repository / DEVELOPMENT)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One make at a time; the lock is on the clone's folder itself, so no file is left behind."""
        descriptor = os.open(self.repository, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while not _try_lock(descriptor):
                self._pause(0.2)
            yield
        finally:
            os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _digest(lock: Path) -> str:
    try:
        return hashlib.sha256(lock.read_bytes()).hexdigest()
    except OSError:
        raise Fault(f"{lock.name} is missing: this clone is not whole.") from None


def _pins(lock: Path) -> set[str]:
    return set(re.findall(r"^[\w.-]+(?:\[[\w,-]+\])?==[^\s\\]+", lock.read_text(), re.MULTILINE))
