"""A worker of replies past its memory mark as soon as it has worked: `python -m tests.tasks.swollen_worker`."""

from __future__ import annotations

import sys

from tasks import celery_worker, memory

if __name__ == "__main__":
    memory.LOOK_EVERY_S, memory.SETTLING, memory.MARK_BYTES = 0.1, 1, -(1 << 40)
    sys.exit(celery_worker.main(["-Q", "replies", "-P", "threads", "-c", "2", "-n", "swollen@%h"]))
