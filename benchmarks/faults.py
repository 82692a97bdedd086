"""The faults of the campaign: processes killed or frozen, servers killed, emptied and restarted, sessions ended."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import redis

from benchmarks.recovery import SETTLE_SECONDS
from launcher.children import signal_group

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from benchmarks.private_stack import PrivateStack
    from benchmarks.recovery import Recovery

FROZEN_SECONDS = 2.0
REST_SECONDS = 8.0  # a new reply process loads its model and index at its first question
CLEAN = "reply process killed, another alive"
TERMINATE = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() ORDER BY random() LIMIT 3"""


class Faults:
    """Strikes at random, from the thread that started the processes. `kills` counts every SIGKILL of a process."""

    def __init__(self, stack: PrivateStack, recovery: Recovery, chance: random.Random) -> None:
        self.kills = 0
        self._stack = stack
        self._recovery = recovery
        self._chance = chance
        self._began = time.monotonic()
        self._unsettled_until = 0.0
        self._replies_rest_until = 0.0
        replies = [name for name in stack.names if name.startswith("replies")]
        others = [name for name in stack.names if name not in replies and name != "dispatcher"]
        self._of_workers: list[Callable[[], str]] = [
            *(lambda: self._one_of_two(self._chance.choice(replies)) for _ in range(4)),
            lambda: self._process(self._chance.choice(others)),
            lambda: self._child(self._chance.choice([name for name in others if name != "web"])),
            lambda: self._process("web"),
        ]
        self._of_all: list[Callable[[], str]] = [
            *self._of_workers,
            lambda: self._reply_process(self._chance.choice(replies)),
            lambda: self._unsettling(lambda: self._process("dispatcher")),
            lambda: self._unsettling(self._freeze),
            self._empty_redis,
            self._kill_redis,
            lambda: self._unsettling(self._kill_database),
            lambda: self._unsettling(self._restart_database),
            lambda: self._unsettling(self._end_sessions),
        ]

    def strike(self, *, servers: bool) -> None:
        """One fault; of workers and the web alone unless `servers`."""
        open_jobs, since = self._recovery.open_jobs(), time.monotonic()
        fault = self._chance.choice(self._of_all if servers else self._of_workers)()
        held = [job for job in open_jobs if job[2] >= 0]
        self._recovery.struck(fault, held if fault == CLEAN else open_jobs, since)
        print(f"{since - self._began:8.1f} s  {fault}", file=sys.stderr)

    def _unsettling(self, strike: Callable[[], str]) -> str:
        """A fault that makes what comes after it slower by itself, and what has not recovered by then."""
        self._recovery.overtaken(CLEAN)
        name = strike()
        self._unsettled_until = time.monotonic() + SETTLE_SECONDS
        return name

    def _one_of_two(self, name: str) -> str:
        """A reply process while another is there and has had time to load; the web otherwise."""
        rested = time.monotonic() > self._replies_rest_until
        return self._reply_process(name) if rested and self._recovery.consumers() > 1 else self._process("web")

    def _reply_process(self, name: str) -> str:
        self._replies_rest_until = time.monotonic() + REST_SECONDS
        alive = self._recovery.consumers()
        calm = time.monotonic() > self._unsettled_until
        if alive <= 1:
            self._recovery.overtaken(CLEAN)
        self._process(name)
        if alive > 1:
            return CLEAN if calm else "reply process killed, another alive, soon after another fault"
        return "reply process killed, none left"

    def _process(self, name: str) -> str:
        self._stack.kill(name)
        self.kills += 1
        return f"{name.partition('-')[0]} killed"

    def _child(self, name: str) -> str:
        """SIGKILL of a process that a worker has forked."""
        main = self._stack.pid(name)
        for task in Path(f"/proc/{main}/task").glob("*/children"):
            for child in task.read_text().split()[:1]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), signal.SIGKILL)
                    self.kills += 1
        return "child killed"

    def _freeze(self) -> str:
        name = self._chance.choice([one for one in self._stack.names if one != "web"])
        pid = self._stack.pid(name)
        signal_group(pid, signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        signal_group(pid, signal.SIGCONT)
        return "process frozen 2 s"

    def _empty_redis(self) -> str:
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self._stack.valkey.url) as connection:
            connection.flushall()
        return "redis emptied"

    def _kill_redis(self) -> str:
        self._stack.valkey.kill()
        self.kills += 1
        time.sleep(self._chance.uniform(0, 2))
        self._stack.valkey.start()
        return "redis killed"

    def _kill_database(self) -> str:
        self._stack.postgres.kill()
        self.kills += 1
        time.sleep(self._chance.uniform(0, 2))
        self._stack.postgres.start()
        return "database killed"

    def _restart_database(self) -> str:
        self._stack.postgres.restart()
        return "database restarted"

    def _end_sessions(self) -> str:
        with contextlib.suppress(psycopg2.Error), contextlib.closing(psycopg2.connect(self._stack.postgres.url)) as one:
            one.cursor().execute(TERMINATE)
        return "database sessions ended"
