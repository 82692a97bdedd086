"""The threads of a worker: it takes a ticket when one of them is free, at once, and none before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery.concurrency.thread import TaskPool

if TYPE_CHECKING:
    from kombu.asynchronous import Hub


class Slots(TaskPool):
    """Celery's threads, which wake the worker's loop when they are done: left alone it looks once a second."""

    def register_with_event_loop(self, loop: Hub) -> None:
        self._loop = loop

    def on_apply(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  the library's own signature
        applied = super().on_apply(*args, **options)
        applied.f.add_done_callback(self._wake)
        return applied

    def _wake(self, _: object) -> None:
        self._loop.call_soon(lambda: None)  # the loop asks Redis for a ticket each time it turns
