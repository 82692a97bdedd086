"""What tests of the workers do with a desk: teach it, watch its rows, hold its laws against it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tests.harness.servers import query
from tests.harness.waiting import PATIENCE, wait_until
from webapp.assistant import embeddings
from webapp.assistant.documents import parse, split
from webapp.domain import Audience
from webapp.models.engine import open_sessions
from webapp.services import documents, supervision
from webapp.services.documents import NewDocument, NewPassage, NewText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from uuid import UUID

    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient
    from tests.harness.stack import Stack
    from webapp.assistant.embeddings import Encoder
    from webapp.domain import Queue
    from webapp.settings import Settings

FACT = "La garantie des volets roulants Altair dure sept ans à compter de la livraison."
_RUNS = r'^sav_job_run_seconds_count{{outcome="(\w+)",queue="{queue}"}} (\S+)$'
QUESTION = "Combien de temps dure la garantie des volets roulants Altair ?"


def teach(settings: Settings, text: str = f"# Garantie\n\n{FACT}\n", encoder: Encoder | None = None) -> UUID:
    """Publish a document without a worker, by the functions a worker uses; its id."""
    parsed = parse(text.encode(), "garantie.md")
    drafts = split(parsed)
    encoder = encoder or embeddings.bundled()
    vectors = embeddings.passage_vectors(encoder, parsed.title, drafts)
    passages = [
        NewPassage(**asdict(draft), encoder=encoder.name, vector=vector)
        for draft, vector in zip(drafts, vectors, strict=True)
    ]
    digest = hashlib.sha256(text.encode()).hexdigest()
    new = NewDocument("garantie.md", digest, len(text), digest, Audience.PUBLIC, None)
    sessions = open_sessions(settings, 1)
    with sessions.begin() as session:
        document, job_id, _ = documents.add(session, new)
        documents.publish(session, document.id, NewText(parsed.title, parsed.language, parsed.page_count, passages))
        session.connection().exec_driver_sql("DELETE FROM job WHERE id = %s", (str(job_id),))
        taught = document.id
    sessions.kw["bind"].dispose()
    return taught


def job(url: str, job_id: str, *columns: str) -> tuple[object, ...]:
    """Columns of a job's row."""
    return query(url, f"SELECT {', '.join(columns)} FROM job WHERE id = %s", [job_id])[0]  # noqa: S608  ours


def attempt(url: str, job_id: str, column: str = "attempts") -> int:
    """A whole number of a job's row: attempts, crashes, fence, worker_key."""
    return int(str(job(url, job_id, column)[0] or 0))


def replies(url: str, message_id: str) -> list[tuple[object, ...]]:
    """(content, outcome, model) of every reply to a message."""
    return query(url, "SELECT content, outcome, model FROM message WHERE reply_to = %s", [message_id])


def open_jobs(url: str) -> int:
    return int(str(query(url, "SELECT count(*) FROM job WHERE status IN ('queued', 'running')")[0][0]))


def wait_quiet(stack: Stack, seconds: float = 2 * PATIENCE) -> None:
    """Block until no job is open."""
    url = stack.environ["DATABASE_URL"]
    wait_until(lambda: open_jobs(url) == 0, "every job to end", seconds, step=0.2, evidence=stack.tails)


def broken(stack: Stack) -> dict[str, object]:
    """What is not as the laws have it, by name: each question has one reply, no reply is still owed, and the rest."""
    url = stack.environ["DATABASE_URL"]
    sessions = open_sessions(stack.settings, 1)
    with sessions() as session:
        found: dict[str, object] = dict(supervision.law_violations(session))
    sessions.kw["bind"].dispose()
    found["open"] = query(url, "SELECT count(*) FROM job WHERE kind = 'reply' AND finished_at IS NULL")[0][0]
    found["not one reply"] = query(
        url,
        "SELECT q.id, count(r.id) FROM message q LEFT JOIN message r ON r.reply_to = q.id"
        " WHERE q.owes_reply GROUP BY q.id HAVING count(r.id) <> 1",
    )
    return {name: value for name, value in found.items() if value}


def wait_runs_counted(stack: Stack, queue: Queue) -> dict[str, int]:
    """Block until as many runs are counted as claimed jobs have ended, by outcome; return how many of each.

    For jobs that a worker brought to their end or saw ended: what ends between two attempts has no last run.
    """
    ended = query(
        stack.environ["DATABASE_URL"],
        "SELECT status, count(*) FROM job WHERE queue = %s AND attempts > 0 AND finished_at IS NOT NULL"
        " AND error_code IS DISTINCT FROM 'deleted' GROUP BY 1",
        [queue],
    )
    expected = {str(status): int(str(count)) for status, count in ended}

    def counted() -> dict[str, int]:
        series = re.findall(_RUNS.format(queue=queue), stack.metrics(), re.MULTILINE)
        return {outcome: int(float(count)) for outcome, count in series if float(count)}

    wait_until(lambda: counted() == expected, f"{expected} to be counted", evidence=lambda: str(counted()))
    return expected


def ask_held(client: ApiClient, model: ModelServer, question: str = QUESTION) -> tuple[str, str]:
    """Ask, and return once the model has the question: (conversation id, job id). The test set a mode that holds."""
    before = len(model.requests)
    accepted = client.chat(question)
    model.journal.wait_requests(before + 1, PATIENCE)
    return accepted["conversation_id"], accepted["job"]["id"]


def holder(stack: Stack, job_id: str, among: Iterable[str]) -> str:
    """The name of the process that works on a job: the one whose log has taken its ticket and not finished it.

    The holder's lock names a PostgreSQL session, whose client port names the process.
    """
    url = stack.environ["DATABASE_URL"]
    rows = query(
        url,
        "SELECT a.client_port FROM job j JOIN pg_locks l ON l.locktype = 'advisory' AND l.classid = 7001"
        " AND l.objid = j.worker_key::oid AND l.granted"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " JOIN pg_stat_activity a ON a.pid = l.pid WHERE j.id = %s",
        [job_id],
    )
    port = int(str(rows[0][0]))
    return next(name for name in among if port in local_ports(stack.process(name).pid))


def local_ports(pid: int) -> set[int]:
    """The TCP ports a process and its children connect from."""
    inodes: set[str] = set()
    for one in (pid, *children(pid)):
        for link in Path(f"/proc/{one}/fd").glob("*"):
            try:
                target = str(link.readlink())
            except OSError:
                continue
            if target.startswith("socket:["):
                inodes.add(target[8:-1])
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    fields = (line.split() for line in lines)
    return {int(field[1].partition(":")[2], 16) for field in fields if field[9] in inodes}


def children(pid: int) -> list[int]:
    """The processes a process has started and that live."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def until(done: Callable[[], bool], what: str, stack: Stack) -> None:
    wait_until(done, what, evidence=stack.tails)
