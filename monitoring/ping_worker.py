"""Health check of a worker's container: does the worker called NAME on this machine answer? `ping_worker.py NAME`."""

from __future__ import annotations

import os
import platform
import sys

from celery import Celery

PATIENCE_S = 5.0


def main() -> int:
    """Ask over the broker, as an operator would; nothing of the application is loaded for it."""
    worker = f"{sys.argv[1]}@{platform.node()}"
    with Celery(broker=os.environ["REDIS_URL"]) as app:
        return 0 if app.control.ping([worker], timeout=PATIENCE_S) else 1


if __name__ == "__main__":
    sys.exit(main())
