"""The command line and the environment of each process of the application, as its launcher starts them."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from launcher.ports import LOOPBACK, free_port
from webapp.domain import Queue

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONDONTWRITEBYTECODE")
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # for the processes that stay, never for a command that comes and goes
WEB = "web"
DISPATCHER = "dispatcher"
POOLS = {
    Queue.REPLIES: ("threads", 8),
    Queue.BACKGROUND: ("threads", 4),
    Queue.IMAGES: ("prefork", 1),
    Queue.DOCUMENTS: ("prefork", 1),
}


def environment(database_url: str, redis_url: str, port: int, folder: Path) -> dict[str, str]:
    """What every process sees: little of ours, so that nothing set in a developer's shell changes a test."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return inherited | {
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        METRICS_FOLDER: str(folder / "metrics"),
        "ENVIRONMENT": "testing",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "HOST": LOOPBACK,
        "PORT": str(port),
        "METRICS_PORT": str(free_port()),
        "FLOWER_PORT": str(free_port()),
        "DATA_DIR": str(folder / "data"),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "FLOWER_BASIC_AUTH": f"flower:{secrets.token_urlsafe(18)}",
        "WEB_CONCURRENCY": "1",
        "REPLY_CONCURRENCY": "16",
        "RATELIMIT_ENABLED": "false",
        "DEMO": "no",
    }


def argv(name: str) -> list[str]:
    """The command of the process called `name`: web, flower, dispatcher-2, replies-1, ..."""
    kind = name.rpartition("-")[0] or name
    if kind == WEB:
        return program("gunicorn", "-c", "gunicorn.conf.py", "wsgi:app")
    if kind == DISPATCHER:
        return module("tasks.dispatcher")
    return worker_argv(Queue(kind), f"{name}@%h")


def worker_argv(queue: Queue, node: str) -> list[str]:
    """A Celery worker of one queue, with that queue's pool, under the node name `node`."""
    pool, slots = POOLS[queue]
    return module("tasks.celery_worker", "-Q", queue, "-P", pool, "-c", str(slots), "-n", node)


def program(name: str, *arguments: str) -> list[str]:
    """A program of this virtual environment."""
    return [str(BIN / name), *arguments]


def module(name: str, *arguments: str) -> list[str]:
    """A module of ours, run as a program."""
    return [sys.executable, "-m", name, *arguments]
