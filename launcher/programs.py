"""The processes of the application, as data: name, command, order."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from launcher.configuration import Configuration

BACKGROUND_THREADS = 4
COUNTS = "PROMETHEUS_MULTIPROC_DIR"


@dataclass(frozen=True)
class Program:
    """`ready` tells when it came up; without it, having lived a while does. `death_signal` comes with our own death."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    death_signal: signal.Signals = signal.SIGTERM


def one_shots(binaries: Path, env: Mapping[str, str]) -> list[Program]:
    """What runs to its end, in this order, before anything stays."""
    flask = (str(binaries / "flask"), "--app", "wsgi")
    return [Program("migrate", (*flask, "db", "upgrade"), env), Program("prepare", (*flask, "prepare"), env)]


def services(binaries: Path, env: Mapping[str, str], configuration: Configuration) -> list[Program]:
    """What stays. Flower shows everything to whoever reaches it, so without a password it is left out."""
    programs = [
        Program("web", (str(binaries / "gunicorn"), "-c", "gunicorn.conf.py", "wsgi:app"), env),
        Program("dispatcher", _python(binaries, "tasks.dispatcher"), env),
        *_workers(binaries, env, configuration.reply_concurrency),
    ]
    if env.get("FLOWER_BASIC_AUTH"):
        place = ("--address=127.0.0.1", f"--port={configuration.flower_port}")
        programs.append(Program("flower", (*_python(binaries, "tasks.flower"), *place), without_counts(env)))
    return programs


def without_counts(env: Mapping[str, str]) -> dict[str, str]:
    """For Flower: its counts are its own, at its own port, and would turn up twice among ours."""
    return {name: value for name, value in env.items() if name != COUNTS}


def _workers(binaries: Path, env: Mapping[str, str], reply_slots: int) -> list[Program]:
    """Threads where work waits on a network, two processes of them; a forked child where hostile input burns CPU."""
    pools = [
        ("replies-1", "replies", "threads", reply_slots - reply_slots // 2),
        ("replies-2", "replies", "threads", max(1, reply_slots // 2)),
        ("background-1", "background", "threads", BACKGROUND_THREADS),
        ("background-2", "background", "threads", BACKGROUND_THREADS),
        ("images", "images", "prefork", 1),
        ("documents", "documents", "prefork", 1),
    ]
    # A worker told to stop politely finishes its task first, however long; with its launcher dead it must not. Celery
    # ties the children of a pool to their parent in the same way.
    death = signal.SIGKILL
    return [
        Program(
            name,
            (*_python(binaries, "tasks.celery_worker"), "-Q", queue, "-P", pool, "-c", str(slots), "-n", f"{name}@%h"),
            env,
            death_signal=death,
        )
        for name, queue, pool, slots in pools
    ]


def _python(binaries: Path, module: str) -> tuple[str, ...]:
    return (str(binaries / "python"), "-m", module)
