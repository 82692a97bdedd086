"""The names of the contract. Each process counts its own; the dispatcher's port adds them up with the database's."""

from __future__ import annotations

import fcntl
import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram, values

from webapp.domain import Author, HandoverReason, JobKind, JobStatus, Queue

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

WAIT_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)
MODEL_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
RETRIEVAL_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Place:
    """Whose files a process counts in: the first that no living process holds, and it goes on from what stands there.

    The kernel gives a place back when its process dies, however it dies. So there are as many files as processes ever
    lived at once, on one machine or in containers that share the folder; a file for each process number filled it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid = 0
        self._lock = -1
        self._number = 0

    def mine(self) -> str:
        """Return this process's place; a child takes one of its own."""
        if self._pid != os.getpid():
            if self._lock >= 0:
                os.close(self._lock)  # the parent's
            self._lock, self._number = self._first_free()
            self._pid = os.getpid()
        return str(self._number)

    def _first_free(self) -> tuple[int, int]:
        for number in itertools.count():
            lock = os.open(self._folder / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
            else:
                return lock, number
        raise AssertionError("unreachable")


if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    values.ValueClass = values.MultiProcessValue(Place(Path(folder)).mine)  # type: ignore[no-untyped-call]  # the library's own

JOB_WAIT = Histogram("sav_job_wait_seconds", "From queued to claimed", ["queue"], buckets=WAIT_BUCKETS)
JOB_RUN = Histogram("sav_job_run_seconds", "From claimed to ended", ["queue", "outcome"], buckets=WAIT_BUCKETS)
JOB_CRASHES = Counter("sav_job_crashes", "Jobs taken back from dead workers", ["queue"])
LLM_REQUESTS = Counter("sav_llm_requests", "Calls of the model", ["model", "operation", "status"])
LLM_DURATION = Histogram(
    "sav_llm_request_duration_seconds", "Whole calls", ["model", "operation"], buckets=MODEL_BUCKETS
)
LLM_TOKENS = Counter("sav_llm_tokens", "Tokens billed", ["model", "direction"])
RETRIEVAL_DURATION = Histogram("sav_retrieval_duration_seconds", "One search of the index", buckets=RETRIEVAL_BUCKETS)
RETRIEVAL_PASSAGES = Histogram("sav_retrieval_passages", "Passages given to a reply", buckets=(0, 1, 2, 3, 5, 8))
MESSAGES = Counter("sav_messages", "Messages written", ["role"])
HANDOVERS = Counter("sav_handovers", "Cases handed to a person", ["reason"])
UPLOAD_BYTES = Counter("sav_upload_bytes", "Bytes accepted")
LAST_CLAIM = Gauge(
    "sav_worker_last_claim_timestamp_seconds", "When a worker last claimed", ["queue"], multiprocess_mode="max"
)

ASK_MODEL = (JobKind.REPLY, JobKind.PROPOSAL, JobKind.SUMMARY, JobKind.DESCRIPTION)
EMBEDDING = "embedding"  # what a provider of vectors is asked for, by no one kind of job
ENDED = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.HANDED_OVER)


def show_closed_label_sets() -> None:
    """Let every series of a closed label set be there from the start with 0."""
    for queue in Queue:
        JOB_WAIT.labels(queue)
        JOB_CRASHES.labels(queue)
        LAST_CLAIM.labels(queue)
        for outcome in ENDED:
            JOB_RUN.labels(queue, outcome)
    for role in Author:
        MESSAGES.labels(role)
    for reason in HandoverReason:
        HANDOVERS.labels(reason)


def show_model(model: str, statuses: Collection[str]) -> None:
    """Let every series of the model be there from the start: what each work asks of it, and how a call can end."""
    _show_calls(model, ASK_MODEL, statuses)
    for direction in ("input", "output"):
        LLM_TOKENS.labels(model, direction)


def show_encoder(model: str, statuses: Collection[str]) -> None:
    """Let every series of a provider of vectors be there from the start."""
    _show_calls(model, (EMBEDDING,), statuses)


def _show_calls(model: str, operations: Iterable[str], statuses: Collection[str]) -> None:
    for operation in operations:
        LLM_DURATION.labels(model, operation)
        for status in statuses:
            LLM_REQUESTS.labels(model, operation, status)
