"""What a worker tells Flower of its tasks: by the handful, some times a second.

Celery's own consumer writes to Redis at each turn of its loop; with tasks as short as ours that was a good part of what
the loop does, in the processes that talk to customers.
"""

from __future__ import annotations

import time
from typing import Any

from celery.worker import consumer

TOLD_EVERY_S = 0.5


class Consumer(consumer.Consumer):
    hub: Any  # as `event_dispatcher`: the stubs leave them out
    event_dispatcher: Any
    _planned_at = float("-inf")

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # the stubs take it for what it calls
        """Be called for each event, by any thread. A plan that a lost connection took with it is made again."""
        if self.hub and time.monotonic() - self._planned_at >= TOLD_EVERY_S:
            self._planned_at = time.monotonic()
            self.hub.call_soon(self._tell_later)

    def _tell_later(self) -> None:
        self.hub.call_later(TOLD_EVERY_S, self._tell)

    def _tell(self) -> None:
        if self.event_dispatcher:
            self.event_dispatcher.flush()

    def shutdown(self) -> None:
        self._tell()
        super().shutdown()
