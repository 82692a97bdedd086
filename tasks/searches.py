"""What makes new words findable: a thread of the dispatcher, which no ticket waits for."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from webapp.models.engine import open_sessions
from webapp.services import search

if TYPE_CHECKING:
    from webapp.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
STOP_S = 5.0


class Indexer(threading.Thread):
    """Takes what is due until told to stop. What it was at when it dies is due again: it is one transaction."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="searches", daemon=True)
        self._sessions = open_sessions(settings, pool_size=1)
        self._stopping = threading.Event()
        self._batch = search.BATCH

    def stop(self) -> None:
        self._stopping.set()
        self.join(STOP_S)

    def run(self) -> None:
        while not self._stopping.is_set():
            if not self._take():
                self._stopping.wait(LOOK_EVERY_S)

    def _take(self) -> bool:
        """Index some, fewer at once after a failure: they may have been too long together. True when there is more."""
        try:
            with self._sessions.begin() as session:
                full = search.index_due(session, self._batch) == self._batch
        except SQLAlchemyError as error:
            log.warning("words not indexed, due again: %s", type(error).__name__)
            self._batch = max(1, self._batch // 2)
            return False
        self._batch = min(search.BATCH, self._batch * 2)
        return full
