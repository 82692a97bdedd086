"""What goes when its time is over: a batch a turn, each in a transaction of its own, and no ticket waits for it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from webapp.services import model_use, notices, retention, throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session, sessionmaker

log = logging.getLogger(__name__)

EVERY_S = 3600.0


class Removal:
    """Takes what is due until a batch is not full; `remove` removes at most so many and returns how many."""

    def __init__(self, what: str, remove: Callable[[Session, int], int]) -> None:
        self._what = what
        self._remove = remove
        self._batch = retention.AT_ONCE
        self._due = 0.0

    def __call__(self, sessions: sessionmaker[Session]) -> None:
        if time.monotonic() < self._due:
            return
        batch, self._batch = self._batch, max(1, self._batch // 2)  # after a failure: they may be too many at once
        with sessions.begin() as session:
            removed = self._remove(session, batch)
        self._batch = min(retention.AT_ONCE, batch * 2)
        if removed < batch:
            self._due = time.monotonic() + EVERY_S
        if removed:
            log.info("%d %s removed at the end of their time", removed, self._what)


def removals() -> Sequence[Removal]:
    return (
        Removal("conversations", retention.remove_expired),
        Removal("files", retention.remove_expired_files),
        Removal("rows nobody will ask for", retention.remove_leftovers),
        Removal("attempts", _whole(throttle.forget_old_attempts)),
        Removal("waits", _whole(notices.forget_waits)),
        Removal("calls of the model", _whole(model_use.forget_old)),
    )


def _whole(forget: Callable[[Session], None]) -> Callable[[Session, int], int]:
    """Rows so small and so few that all go at once, uncounted."""

    def remove(session: Session, _most: int) -> int:
        forget(session)
        return 0

    return remove
