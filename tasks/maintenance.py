"""The slow housekeeping: a thread of the dispatcher, so that a sick object store or a long removal delays no ticket.

What was kept its time goes. Storage and rows are kept in agreement: files whose rows are gone are removed, files that
never had one too, and rows whose file is gone say so.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tasks import retention
from webapp.models.engine import open_sessions
from webapp.services import files
from webapp.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session, sessionmaker

    from webapp.settings import Settings
    from webapp.storage import Storage

log = logging.getLogger(__name__)

REMOVE_EVERY_S = 30.0
SWEEP_EVERY_S = 3600.0
STOP_S = 5.0
UNCLAIMED = timedelta(hours=1)  # a file may lie that long before its row is written
MAILS_KEPT = timedelta(days=30)  # where they are files: an address and a link that has long ended
FEW = 20  # files: more than half of more than these is not lost, or left over, one by one


class Keeper(threading.Thread):
    """Takes what is due until told to stop. Any number may run: each step is the same done twice."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="maintenance", daemon=True)
        self._settings = settings
        self._sessions = open_sessions(settings, pool_size=1)
        self._opened: dict[str, Storage] = {}
        self._stopping = threading.Event()
        self._sweep_at = time.monotonic() + REMOVE_EVERY_S
        self._removals = retention.removals()

    def stop(self) -> None:
        self._stopping.set()
        self.join(STOP_S)

    def run(self) -> None:
        while not self._stopping.is_set():
            for removal in self._removals:
                self._try(partial(removal, self._sessions))
            if not self._stopping.wait(REMOVE_EVERY_S):
                self._try(self._keep)

    def _try(self, step: Callable[[], object]) -> None:
        """One that fails holds up no other, and may do better in the next round."""
        try:
            step()
        except Exception as error:  # noqa: BLE001  whatever it is, and its text may say too much
            log.warning("housekeeping not done, due again: %s", type(error).__name__)

    def _keep(self) -> None:
        photos = self._storage("photos")
        remove_due(self._sessions, photos)
        if time.monotonic() >= self._sweep_at:
            self._sweep_at = time.monotonic() + SWEEP_EVERY_S
            self._try(partial(empty, self._settings.data_dir / "files" / "incoming"))
            self._try(partial(forget_mails, self._settings.data_dir / "mail"))
            self._try(partial(sweep, self._sessions, photos, files.keys_of_photos, files.lose))
            documents = self._storage("documents")
            self._try(partial(sweep, self._sessions, documents, files.keys_of_documents))

    def _storage(self, folder: str) -> Storage:
        if folder not in self._opened:
            self._opened[folder] = open_storage(self._settings, folder)
        return self._opened[folder]


def remove_due(sessions: sessionmaker[Session], storage: Storage) -> int:
    """Remove from storage what no row stands for any more; return how many."""
    removed = 0
    while True:
        with sessions.begin() as session:
            keys = files.removed(session)
        if not keys:
            return removed
        for key in keys:
            storage.delete(key)
        with sessions.begin() as session:
            files.forget_removed(session, keys)
        removed += len(keys)


def sweep(
    sessions: sessionmaker[Session],
    storage: Storage,
    known: Callable[[Session], set[str]],
    lose: Callable[[Session, str], bool] | None = None,
) -> tuple[int, int]:
    """Remove files without a row, and let rows without a file say so; return how many of each.

    The rows are read before and after the listing: what comes or goes meanwhile is neither.
    """
    with sessions.begin() as session:
        before = known(session)
    listed = list(storage.files())
    with sessions.begin() as session:
        after = known(session)
    old = datetime.now(UTC) - UNCLAIMED
    orphans = [file.key for file in listed if file.changed_at < old and file.key not in after]
    if _too_many(len(orphans), len(listed)) or after.isdisjoint(file.key for file in listed):
        if orphans:
            log.error("%d of %d files have no row: none is removed, look at the database", len(orphans), len(listed))
        orphans = []
    for key in orphans:
        storage.delete(key)
    missing = (before & after) - {file.key for file in listed}
    lost = 0 if lose is None else _lose(sessions, storage, missing, len(before), lose)
    if orphans or lost:
        log.warning("%d files without a row removed, %d rows without their file marked", len(orphans), lost)
    return len(orphans), lost


def _too_many(odd: int, of: int) -> bool:
    """Tell a database or a storage that is not the one it was from single losses: it must not erase a year."""
    return odd > FEW and odd * 2 > of


def _lose(
    sessions: sessionmaker[Session],
    storage: Storage,
    missing: Collection[str],
    known: int,
    lose: Callable[[Session, str], bool],
) -> int:
    """Mark what is lost, one by one."""
    if _too_many(len(missing), known):
        log.error("%d of %d files are not in storage: nothing is marked, look at its address", len(missing), known)
        return 0
    lost = 0
    for key in missing:
        if not storage.has(key):
            with sessions.begin() as session:
                lost += lose(session, key)
    return lost


def empty(workshop: Path) -> None:
    """Remove what a death left of work on files: folders and unfinished files of more than an hour ago."""
    for left in _older(workshop, UNCLAIMED):
        shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def forget_mails(folder: Path) -> None:
    """Remove mails that were files for a month; what somebody else put there is not ours."""
    for mail in _older(folder, MAILS_KEPT):
        if (mail.suffix == ".eml" or mail.name.startswith(".")) and mail.is_file():
            mail.unlink(missing_ok=True)


def _older(folder: Path, kept: timedelta) -> Iterator[Path]:
    old = time.time() - kept.total_seconds()
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):  # another's work ended meanwhile
            if path.lstat().st_mtime < old:
                yield path
