"""The names of the contract. Each process counts its own; the dispatcher's port adds them up with the database's."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from prometheus_client import Counter, Gauge, Histogram, values

from webapp.domain import Author, HandoverReason, JobKind, JobStatus, Queue

if TYPE_CHECKING:
    from collections.abc import Iterable

WAIT_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)
MODEL_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60)
RETRIEVAL_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    # Containers that share the folder have the same process numbers: each file carries the machine's name too.
    MACHINE = platform.node().replace("_", "-")
    values.ValueClass = values.MultiProcessValue(lambda: f"{MACHINE}-{os.getpid()}")  # type: ignore[no-untyped-call]  # the library's own

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


def show_model(model: str, statuses: Iterable[str]) -> None:
    """Let every series of the model be there from the start: what each work asks of it, and how a call can end."""
    for operation in ASK_MODEL:
        LLM_DURATION.labels(model, operation)
        for status in statuses:
            LLM_REQUESTS.labels(model, operation, status)
    for direction in ("input", "output"):
        LLM_TOKENS.labels(model, direction)
