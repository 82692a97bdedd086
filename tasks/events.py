"""What a worker tells Flower of its tasks: by the handful, some times a second, and by its loop alone.

Celery's own consumer writes to Redis at each turn of its loop; with tasks as short as ours that was a good part of what
the loop does, in the processes that talk to customers.
"""

from __future__ import annotations

import time
from typing import Any

from celery.worker import consumer

TOLD_EVERY_S = 0.5
MOST_KEPT = 10_000  # beyond Celery's 24 the thread of a task would write, and a Redis that is frozen hold its slot


class Consumer(consumer.Consumer):
    hub: Any  # as `event_dispatcher`: the stubs leave them out
    event_dispatcher: Any
    _planned_at = float("-inf")

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # the stubs take it for what it calls
        """Be called for each event, by any thread."""
        self.event_dispatcher.buffer_limit = MOST_KEPT
        if self.hub and time.monotonic() - self._planned_at >= TOLD_EVERY_S:
            self._planned_at = time.monotonic()
            self.hub.call_soon(self._tell_later)

    def _tell_later(self) -> None:
        self.hub.call_later(TOLD_EVERY_S, self._tell)

    def _tell(self) -> None:
        if self.event_dispatcher:
            self.event_dispatcher.flush()

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Put what is in hand where Celery looks for what it could not tell: it is told by the next connection."""
        if self.event_dispatcher:
            with self.event_dispatcher.mutex:
                for group, events in self.event_dispatcher._group_buffer.items():  # noqa: SLF001  nothing else reaches it
                    if events:
                        self.event_dispatcher._outbound_buffer.append((list(events), f"{group}.multi"))  # noqa: SLF001  idem
                    events.clear()
        super().on_connection_error_after_connected(exc)

    def shutdown(self) -> None:
        self._tell()
        super().shutdown()
