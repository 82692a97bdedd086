"""A threads worker past a memory mark is replaced: it ends as if told to stop, and who watches it starts it again.

Children of a prefork pool have Celery's own limit (worker_max_memory_per_child), which threads do not obey.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
SETTLING = 10  # looks after its first work: by then it holds what it works with, encoder, index and clients
MARK_BYTES = 600 << 20  # beyond that: more than the passages of years add to an index, and room beside one more process
STATM = Path("/proc/self/statm")


class Watch(threading.Thread):
    """Looks until the mark is passed; `worked` says whether this process has taken any work yet."""

    def __init__(self, worked: Callable[[], bool]) -> None:
        super().__init__(name="memory", daemon=True)
        self._worked = worked

    def run(self) -> None:
        settled = self._settled()
        while (held := resident()) <= settled + MARK_BYTES:
            time.sleep(LOOK_EVERY_S)
        log.warning("%d MiB are held, %d were at first: this process is replaced", held >> 20, settled >> 20)
        os.kill(os.getpid(), signal.SIGTERM)  # its drain gives back what it cannot finish

    def _settled(self) -> int:
        """The most that was held in the first time of work, in bytes."""
        looks, most = 0, 0
        while looks < SETTLING:
            time.sleep(LOOK_EVERY_S)
            if self._worked():
                looks, most = looks + 1, max(most, resident())
        return most


def resident() -> int:
    """Bytes of memory this process holds."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
