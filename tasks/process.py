"""The runtime of this process.

Celery's signals open it where work is done: in the process of a threads pool, in each child of a prefork pool, and
never before a fork.
"""

from __future__ import annotations

import threading

from celery import current_app

from tasks.runtime import Runtime

_guard = threading.Lock()
_runtime: Runtime | None = None


def runtime() -> Runtime:
    global _runtime  # noqa: PLW0603  one per process is what this module is for
    with _guard:
        if _runtime is None:
            _runtime = Runtime(frozenset(current_app.amqp.queues.consume_from))
        return _runtime


def drain() -> None:
    """Give unfinished work back in time; a process that holds no runtime has none."""
    if _runtime is not None:
        _runtime.liveness.drain()
