"""A folder has one owner at a time; the kernel forgets the lock when its holder dies."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from launcher.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path


class FolderLock:
    """An exclusive lock on the file `path`, which names its holder's process."""

    def __init__(self, path: Path, meaning: str) -> None:
        """`meaning` is the subject of the sentence said when another copy holds it."""
        self.path = path
        self._meaning = meaning
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    @property
    def descriptor(self) -> int:
        """For the guardian, which holds the lock on until it has ended the last child."""
        if self._descriptor is None:
            raise RuntimeError("the lock is not held")
        return self._descriptor

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            Fault: a living process holds it.
        """
        if not self.try_acquire():
            raise Fault(f"{self._meaning} is in use by a running copy (process {self.holder() or 'unknown'}).")

    def try_acquire(self) -> bool:
        if self._descriptor is not None:
            return True
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        return True

    def holder(self) -> int | None:
        """The process that wrote its number last; it may have died since."""
        try:
            return int(self.path.read_text())
        except (OSError, ValueError):
            return None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
