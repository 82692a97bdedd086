"""How gunicorn serves the application: few threads a process, warmed up before the first customer."""

import os

from prometheus_client import multiprocess

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
worker_class = "gthread"
threads = 4  # more fight over the interpreter lock on two cores
timeout = 30
graceful_timeout = int(os.environ.get("DRAIN_SECONDS") or 8)
keepalive = 5
accesslog = None  # addresses and paths of people are no log of ours
errorlog = "-"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
forwarded_allow_ips = "127.0.0.1"


def child_exit(_server, worker):
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(worker.pid)
