"""Jobs, with what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.domain import JobKind, JobStatus
from webapp.extensions import db
from webapp.routes.access import me
from webapp.routes.schemas.jobs import (
    DocumentResultOut,
    JobErrorOut,
    JobOut,
    PassagesResultOut,
    ProposalResultOut,
    ReplyResultOut,
    SummaryResultOut,
)
from webapp.routes.views.messages import message, source
from webapp.routes.views.reasons import reason
from webapp.services import conversations as cases
from webapp.services import polling

if TYPE_CHECKING:
    from uuid import UUID

    from webapp.services.messages import Accepted, Written
    from webapp.services.polling import JobView


def job(view: JobView) -> JobOut:
    return JobOut(
        id=view.id,
        kind=view.kind,
        message_id=view.message_id,
        status=view.status,
        position=view.place,
        estimated_wait_s=view.estimated_wait_s,
        partial_text=view.partial_text if view.status is JobStatus.RUNNING else None,
        progress=view.progress,
        attempts=view.attempts,
        created_at=view.created_at,
        started_at=view.started_at,
        finished_at=view.finished_at,
        error=_error(view),
        result=_result(view),
        poll_after_ms=view.poll_after_ms,
    )


def _error(view: JobView) -> JobErrorOut | None:
    if view.status is not JobStatus.FAILED:
        return None
    code = view.error_code or "failed"
    subject = {JobKind.INGEST: "documents", JobKind.IMAGE: "photos"}.get(view.kind, "jobs")
    return JobErrorOut(code=code, detail=reason(subject, code))


def _result(
    view: JobView,
) -> ReplyResultOut | PassagesResultOut | ProposalResultOut | SummaryResultOut | DocumentResultOut | None:
    if view.reply_id is not None:
        return ReplyResultOut(message=message(cases.get_message(db.session(), me(), view.reply_id)))
    if view.result is None:
        return None
    if view.kind is JobKind.SEARCH:
        return PassagesResultOut(passages=[source(each) for each in view.result["passages"]])
    if view.kind is JobKind.PROPOSAL:
        return ProposalResultOut(**view.result | {"sources": [source(each) for each in view.result["sources"]]})
    if view.kind is JobKind.SUMMARY:
        return SummaryResultOut(**view.result)
    return DocumentResultOut(**view.result)


def just_queued(accepted: Accepted, written: Written) -> JobOut | None:
    return None if accepted.job_id is None else job(polling.just_queued(accepted, written))


def job_by_id(job_id: UUID) -> JobOut:
    return job(polling.job(db.session(), me(), job_id))
