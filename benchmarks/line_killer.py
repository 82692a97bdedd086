"""SIGKILL at each line of tasks/ that a reply job executes: `python -m benchmarks.line_killer [--step 1]`.

For each line k a question is accepted, a forked process follows its ticket and kills itself at the k-th executed line,
the supervisor's own steps take the job back, and another process follows the ticket to the end. Each question must
then have one reply. On DATABASE_URL when it is set (migrated, empty), else on a PostgreSQL of its own.
The last line is JSON: `lines, tried, died, lost, doubled`.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from benchmarks.private_stack import BINARIES, ROOT, environment
from launcher.embedded import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from sqlalchemy.orm import Session, sessionmaker

TASKS = str(ROOT / "tasks") + os.sep
QUESTION = "Bonjour, combien de temps dure la garantie ?"
PATIENCE_SECONDS = 30.0


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Kill a worker at each line it executes between ticket and reply.")
    parser.add_argument("--step", type=int, default=1, help="try every so many lines")
    chosen = parser.parse_args(arguments)
    if "DATABASE_URL" in os.environ:
        result = campaign(chosen.step)
    else:
        with tempfile.TemporaryDirectory(prefix="sav-lines-") as name:
            result = on_a_server_of_its_own(Path(name), chosen.step)
    print(json.dumps(result), flush=True)
    return 0 if result["died"] and not result["lost"] and not result["doubled"] else 1


def on_a_server_of_its_own(folder: Path, step: int) -> dict[str, int]:
    with PostgresServer(folder / "postgres") as server:
        os.environ.update(environment(folder, server.url, "redis://none.invalid", {}))
        del os.environ["PROMETHEUS_MULTIPROC_DIR"]
        migrate = [str(BINARIES / "flask"), "--app", "wsgi", "db", "upgrade"]
        subprocess.run(migrate, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return campaign(step)


def campaign(step: int) -> dict[str, int]:
    from tasks import replies  # noqa: PLC0415  it reads the environment
    from webapp.assistant import embeddings, retrieval  # noqa: F401, PLC0415  loaded once, before the forks

    desk = Desk()
    lines = desk.count_lines(replies.WORK.run)
    tried, died = 0, 0
    for line in range(1, lines + 1, step):
        job_id = desk.ask()
        died += desk.follow(replies.WORK.run, job_id, line) == -signal.SIGKILL
        desk.take_back(job_id)
        while desk.is_open(job_id):
            desk.follow(replies.WORK.run, job_id, 0)
        tried += 1
    return {"lines": lines, "tried": tried, "died": died, **desk.counts()}


class Desk:
    """One customer, and the steps the dispatcher would take."""

    def __init__(self) -> None:
        from webapp import settings  # noqa: PLC0415  idem
        from webapp.models.engine import open_sessions  # noqa: PLC0415  idem

        self._sessions: sessionmaker[Session] = open_sessions(settings.load(), 2)
        self._customer = uuid4()
        self._sql(
            "INSERT INTO account (id, email, name, role, password_hash, active, locale)"
            " VALUES (%s, %s, 'Camille', 'client', '-', true, 'fr')",
            (str(self._customer), f"{secrets.token_hex(4)}@example.com"),
        )

    def ask(self) -> UUID:
        from webapp.domain import Language  # noqa: PLC0415  idem
        from webapp.services import messages  # noqa: PLC0415  idem

        said = messages.Said(self._customer, QUESTION, str(uuid4()), None, Language.FR)
        with self._sessions.begin() as session:
            job_id = messages.accept(session, said, max_pending=1000, deadline_s=3600).job_id
        if job_id is None:
            raise LookupError(said.key)
        return job_id

    def count_lines(self, run: Callable[[str], None]) -> int:
        """Follow one ticket to its end; how many lines of tasks/ that took."""
        reading, writing = os.pipe()
        self.follow(run, self.ask(), 0, writing)
        os.close(writing)
        with os.fdopen(reading) as told:
            return int(told.read())

    def follow(self, run: Callable[[str], None], job_id: UUID, line: int, tell: int | None = None) -> int:
        """Follow a ticket in a process of its own, which dies at `line` unless that is 0; its exit code."""
        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        counter = Counter(line)
        sys.settrace(counter.trace)
        run(str(job_id))
        sys.settrace(None)
        if tell is not None:
            os.write(tell, str(counter.seen).encode())
        os._exit(0)

    def take_back(self, job_id: UUID) -> None:
        """What the dispatcher does once the dead process is missing."""
        from webapp.services import supervision  # noqa: PLC0415  idem

        ends = time.monotonic() + PATIENCE_SECONDS
        while self._status(job_id) == "running" and time.monotonic() < ends:
            with self._sessions.begin() as session:
                missing = supervision.missing_workers(session)
                supervision.crash(session, job_id, missing)

    def is_open(self, job_id: UUID) -> bool:
        return self._status(job_id) in {"queued", "running"}

    def counts(self) -> dict[str, int]:
        lost = (
            "SELECT count(*) FROM message q WHERE owes_reply AND NOT EXISTS (SELECT FROM message WHERE reply_to = q.id)"
        )
        twice = "SELECT count(reply_to) - count(DISTINCT reply_to) FROM message"
        return {"lost": self._sql(lost)[0][0], "doubled": self._sql(twice)[0][0]}

    def _status(self, job_id: UUID) -> str:
        return str(self._sql("SELECT status FROM job WHERE id = %s", (str(job_id),))[0][0])

    def _sql(self, statement: str, values: tuple[str, ...] = ()) -> list[Any]:
        with self._sessions.begin() as session:
            result = session.connection().exec_driver_sql(statement, values)
            return list(result.all()) if result.returns_rows else []


class Counter:
    """Counts the lines of tasks/ that a thread executes, and ends its process at one of them."""

    def __init__(self, fatal: int) -> None:
        self.seen = 0
        self._fatal = fatal

    def trace(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.startswith(TASKS):
            return None
        if event == "line":
            self.seen += 1
            if self.seen == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.trace


if __name__ == "__main__":
    sys.exit(main())
