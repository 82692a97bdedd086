"""The summary of a closed case, in the background."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tasks.base import Work
from tasks.worker import app
from webapp.domain import JobKind, JobStatus, Language, Turn
from webapp.services import jobs, summaries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from tasks.runtime import Runtime
    from webapp.services.jobs import Claim

LEASE_S = 75


def prepare(session: Session, claim: Claim) -> tuple[Language, Sequence[Turn]]:
    return summaries.turns(session, claim)


def think(runtime: Runtime, _claim: Claim, case: tuple[Language, Sequence[Turn]]) -> str:
    from webapp.assistant.summary import summarise

    language, turns = case
    del runtime  # the first form of a summary quotes, with a model or without
    return summarise(turns, language, None).text


def record(session: Session, claim: Claim, summary: str) -> bool:
    summaries.record(session, claim, summary)
    return jobs.end(session, claim, JobStatus.SUCCEEDED, result=json.dumps({"summary": summary}))


WORK = Work(JobKind.SUMMARY, LEASE_S, prepare, think, record)


@app.task(name="tasks.summaries.summarise")
def summarise(job_id: str) -> None:
    WORK.run(job_id)
