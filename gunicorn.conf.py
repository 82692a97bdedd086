"""How gunicorn serves the application: few threads a process, warmed up before the first customer."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

from sqlalchemy.orm import configure_mappers

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
preload_app = True  # the workers share what the application holds: 40 MiB less with two of them
worker_class = "webapp.serving.Worker"
threads = 4  # more fight over the interpreter lock on two cores
timeout = 30
graceful_timeout = int(os.environ.get("DRAIN_SECONDS") or 8)
keepalive = 5
limit_request_line = 8190  # a search of 700 accented letters has 4234 bytes, and gunicorn's own refusal is no page
accesslog = None  # addresses and paths of people are no log of ours
logger_class = "webapp.serving.Log"
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  the heartbeat wants memory, not disk
control_socket_disable = True  # signals are all we use, and two copies must not meet there


def when_ready(_server: Any) -> None:  # noqa: ANN401  gunicorn ships no types
    """Before the workers are forked: what is made here and never collected is never written to, and so stays shared."""
    configure_mappers()
    gc.collect()
    gc.freeze()
