"""Rows as their readers see them: the same objects for the API and for the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import url_for

from webapp.domain import Author, ConversationStatus, JobKind, JobStatus
from webapp.extensions import db
from webapp.routes import requests
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.rendering import to_html
from webapp.routes.schemas import (
    ConversationItemOut,
    ConversationListOut,
    ConversationOut,
    DocumentOut,
    DocumentResultOut,
    IndexOut,
    JobErrorOut,
    JobOut,
    MessageOut,
    PassagesResultOut,
    PersonOut,
    ReplyResultOut,
    SourceOut,
    SummaryResultOut,
    UserOut,
)
from webapp.services import conversations as cases
from webapp.services import knowledge, polling
from webapp.texts import catalogue, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.models import Account, Conversation, Document, Message
    from webapp.services.polling import JobView

MAX_SEQ = 2**31 - 1


def user(account: Account) -> UserOut:
    return UserOut(id=account.id, email=account.email, name=account.name, role=account.role)


def _person(account: Account | None) -> PersonOut | None:
    if account is None:
        return None
    return PersonOut(id=account.id, name=account.name, email=account.email if me().is_staff else None)


def source(row: dict[str, Any]) -> SourceOut:
    page = row["page"]
    url = url_for("pages.document", document_id=row["document_id"], page=page or 1, passage=row["passage_id"])
    return SourceOut(
        n=row["n"],
        document_id=UUID(row["document_id"]),
        title=row["title"],
        page=page,
        excerpt=row["excerpt"],
        url=url,
        score=row["score"],
    )


def message(row: Message) -> MessageOut:
    return MessageOut(
        id=row.id,
        seq=row.seq,
        role=row.role,
        author=row.author.name if row.role is Author.STAFF and row.author else None,
        content=row.content,
        html=to_html(row.content, row.role),
        created_at=row.created_at,
        reply_to=row.reply_to,
        attachments=[],
        sources=[source(each) for each in row.sources],
        outcome=row.outcome,
        feedback=row.feedback,  # type: ignore[arg-type]  # written by rate() alone
    )


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
    subject = "documents" if view.kind is JobKind.INGEST else "jobs"
    return JobErrorOut(code=code, detail=reason(subject, code))


def reason(subject: str, code: str) -> str:
    """Return the sentence for a stored reason; an unknown one gets the general sentence."""
    key = f"errors.{subject}.{code}"
    return say(key if key in catalogue(language()) else f"errors.{subject}.failed", language())


def _result(view: JobView) -> ReplyResultOut | PassagesResultOut | SummaryResultOut | DocumentResultOut | None:
    if view.reply_id is not None:
        return ReplyResultOut(message=message(cases.get_message(db.session(), me(), view.reply_id)))
    if view.result is None:
        return None
    if view.kind is JobKind.SEARCH:
        return PassagesResultOut(passages=[source(each) for each in view.result["passages"]])
    if view.kind is JobKind.SUMMARY:
        return SummaryResultOut(**view.result)
    return DocumentResultOut(**view.result)


def job_by_id(job_id: UUID) -> JobOut:
    return job(polling.job(db.session(), me(), job_id))


def _common(row: Conversation) -> dict[str, Any]:
    staff = me().is_staff
    return {
        "id": row.id,
        "subject": row.subject,
        "status": row.status,
        "assistant": "on" if row.assistant_on else "off",
        "client": _person(row.client),
        "assignee": _person(row.assignee),
        "summary": row.summary,
        "summary_state": row.summary_state,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "closed_at": row.closed_at,
        "unread": row.unread if staff else None,
        "waiting_since": row.waiting_since,
    }


def conversation_of(row: Conversation, jobs: Sequence[JobView], after: int) -> ConversationOut:
    said = cases.messages(db.session(), row.id, after)
    page = said[: cases.MESSAGES_PER_PAGE]
    return ConversationOut(
        **_common(row),
        messages=[message(each) for each in page],
        more=len(said) > len(page),
        jobs=[job(each) for each in jobs],
    )


def conversation(conversation_id: UUID, after: int = 0) -> ConversationOut:
    row = cases.get(db.session(), me(), conversation_id)
    return conversation_of(row, polling.open_jobs(db.session(), row.id), after)


def entity_tag(row: Conversation, jobs: Sequence[JobView], after: int) -> str:
    """Change with the case, the jobs that are open in it, who reads it, and in which language."""
    reader = "staff" if me().is_staff else "client"
    parts = [str(row.version), str(row.summary_state), str(after), language().value, reader, str(row.staff_seen_seq)]
    return "-".join([*parts, *(each.entity_tag for each in jobs)])


def conversations(
    status: ConversationStatus | None,
    cursor: str | None,
    limit: int,
    *,
    by_wait: bool = False,
    assignee: UUID | None = None,
) -> ConversationListOut:
    wanted = cases.Filter(status, assignee, by_wait, requests.read_cursor(cursor), limit)
    rows = cases.find(db.session(), me(), wanted)
    page, last = rows[:limit], rows[limit - 1] if len(rows) > limit else None
    place = None if last is None else ((last.waiting_since if by_wait else last.updated_at), last.id)
    return ConversationListOut(
        items=[ConversationItemOut(**_common(row)) for row in page],
        next_cursor=requests.write_cursor(*place) if place and place[0] else None,  # type: ignore[arg-type]  # both set
    )


def document(row: Document, passages: int) -> DocumentOut:
    return DocumentOut(
        id=row.id,
        title=row.title,
        filename=row.filename,
        audience=row.audience,
        language=row.language,
        state=row.state,
        reason=reason("documents", row.error_code) if row.error_code else None,
        page_count=row.page_count,
        passages=passages,
        size=row.size,
        created_at=row.created_at,
        published_at=row.published_at,
    )


def index() -> IndexOut:
    status = knowledge.index_status(db.session())
    return IndexOut(
        version=status.version,
        state=status.state,
        chunks=status.chunks,
        built_at=status.built_at,
        error=reason("documents", status.error_code) if status.error_code else None,
    )
