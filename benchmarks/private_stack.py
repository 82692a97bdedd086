"""A private copy of the whole application: servers of its own, the launcher's own commands, every process by name."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx
import psycopg2

from launcher import configuration, programs
from launcher.children import signal_group, spawn, wait_until
from launcher.embedded import PostgresServer, ValkeyServer
from launcher.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from launcher.programs import Program

ROOT = Path(__file__).resolve().parents[1]
BINARIES = Path(sys.executable).parent
START_SECONDS = 120.0


def environment(folder: Path, database_url: str, redis_url: str, given: Mapping[str, str]) -> dict[str, str]:
    """What every process sees; `given` wins."""
    ports = {name: str(free_port()) for name in ("PORT", "METRICS_PORT", "FLOWER_PORT")}
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **inherited,
        **ports,
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "ENVIRONMENT": "testing",
        "HOST": LOOPBACK,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATA_DIR": str(folder / "data"),
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        "WEB_CONCURRENCY": "2",
        "REPLY_CONCURRENCY": "16",
        "RATELIMIT_ENABLED": "false",
        "DEMO": "no",
        **given,
    }


class PrivateStack:
    """Context manager: everything runs inside it and nothing is left after it. `folder` must have a short path."""

    def __init__(self, folder: Path, given: Mapping[str, str]) -> None:
        self.folder = folder
        (folder / "metrics").mkdir()
        self.postgres = PostgresServer(folder / "postgres")
        self.valkey = ValkeyServer(folder / "valkey")
        self._given = dict(given)
        self.environ: dict[str, str] = {}
        self._programs: dict[str, Program] = {}
        self._living: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.environ['PORT']}"

    @property
    def names(self) -> list[str]:
        """The processes that stay: web, dispatcher, replies-1, ..."""
        return list(self._programs)

    def __enter__(self) -> Self:
        self.postgres.start()
        self.valkey.start()
        self.environ = environment(self.folder, self.postgres.url, self.valkey.url, self._given)
        found = configuration.read(self.environ, self.folder)
        for program in programs.one_shots(BINARIES, self.environ):
            with (self.folder / "once.log").open("ab") as log:
                subprocess.run(program.argv, env=dict(program.env), cwd=ROOT, stdout=log, stderr=log, check=True)
        self._programs = {one.name: one for one in programs.services(BINARIES, self.environ, found)}
        for name in self.names:
            self.start(name)
        if not wait_until(self.ready, START_SECONDS, step=0.2):
            raise TimeoutError(f"the private copy did not come up: {self.checks()}; its logs are in {self.folder}")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._living.values():
            signal_group(process.pid, signal.SIGKILL)
            process.wait()
        self.valkey.stop()
        self.postgres.stop()

    def start(self, name: str) -> None:
        program = self._programs[name]
        self._living[name] = spawn(
            program.argv, env=program.env, cwd=ROOT, log=self.folder / f"{name}.log", death_signal=signal.SIGKILL
        )

    def kill(self, name: str) -> None:
        """SIGKILL its whole process group."""
        process = self._living[name]
        signal_group(process.pid, signal.SIGKILL)
        process.wait()

    def pid(self, name: str) -> int:
        return self._living[name].pid

    def restart(self, names: Sequence[str], given: Mapping[str, str]) -> None:
        """Start some of them anew with another environment."""
        self.environ |= given
        found = configuration.read(self.environ, self.folder)
        self._programs = {one.name: one for one in programs.services(BINARIES, self.environ, found)}
        for name in names:
            self.kill(name)
            self.start(name)

    def revive(self) -> None:
        """Start again whatever ended, as the launcher does."""
        for name, process in self._living.items():
            if process.poll() is not None:
                self.start(name)

    def ask(self, query: str, values: list[object] | None = None) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        with contextlib.closing(psycopg2.connect(self.postgres.url)) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def checks(self) -> dict[str, str]:
        """What /readyz says; nothing while nobody answers."""
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=10, trust_env=False)
            found: dict[str, str] = answer.json()["checks"]
        except (httpx.TransportError, ValueError, KeyError):
            return {}
        return found

    def ready(self) -> bool:
        found = self.checks()
        return bool(found) and all(state == "ok" for state in found.values())
