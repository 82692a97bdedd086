"""Rows as their readers see them: the same objects for the API and for the pages."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import url_for

from webapp.domain import Author, ConversationStatus, JobKind, JobStatus
from webapp.errors import InvalidError
from webapp.extensions import db
from webapp.routes import requests
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.rendering import to_html
from webapp.routes.schemas.accounts import UserOut
from webapp.routes.schemas.closing import ClosingFeedbackOut, SummaryFieldsOut
from webapp.routes.schemas.conversations import (
    ConversationItemOut,
    ConversationListOut,
    ConversationOut,
    PersonOut,
    StandingOut,
)
from webapp.routes.schemas.jobs import (
    DocumentResultOut,
    JobErrorOut,
    JobOut,
    PassagesResultOut,
    ProposalResultOut,
    ReplyResultOut,
    SummaryResultOut,
)
from webapp.routes.schemas.knowledge import DocumentOut, IndexOut
from webapp.routes.schemas.messages import MessageOut, SourceOut
from webapp.routes.schemas.people import PersonRowOut
from webapp.routes.schemas.stats import StatsOut
from webapp.routes.sessions import settings
from webapp.services import conversations as cases
from webapp.services import drafts, firm, knowledge, polling, standing, waiting
from webapp.services import stats as figures
from webapp.texts import catalogue, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.models import Account, Conversation, Document, Message
    from webapp.services.polling import JobView

MAX_SEQ = 2**31 - 1


def user(account: Account) -> UserOut:
    return UserOut(id=account.id, email=account.email, name=account.name, role=account.role)


def person_row(account: Account) -> PersonRowOut:
    return PersonRowOut.model_validate(account, from_attributes=True)


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
        feedback_comment=row.feedback_comment,
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


def job_by_id(job_id: UUID) -> JobOut:
    return job(polling.job(db.session(), me(), job_id))


def _closing_feedback(row: Conversation) -> ClosingFeedbackOut | None:
    if row.closing_rating is None:
        return None
    return ClosingFeedbackOut(rating=row.closing_rating, comment=row.closing_comment)  # type: ignore[arg-type]  # idem


def _common(row: Conversation) -> dict[str, Any]:
    staff = me().is_staff
    return {
        "id": row.id,
        "subject": row.subject,
        "language": row.language,
        "status": row.status,
        "assistant": "on" if row.assistant_on else "off",
        "client": _person(row.client),
        "assignee": _person(row.assignee),
        "summary": row.summary,
        "summary_state": row.summary_state,
        "summary_fields": SummaryFieldsOut(**row.summary_fields),
        "summary_edited": row.summary_edited if staff else None,
        "closing_feedback": _closing_feedback(row),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "closed_at": row.closed_at,
        "unread": row.unread if staff else None,
        "waiting_since": row.waiting_since,
        "handover_reason": row.handover_reason if staff else None,
        "handover_note": row.handover_note if staff else None,
        "brief": row.brief if staff else None,
    }


def writing(conversation_id: UUID) -> Sequence[str]:
    """Return who else of the firm is writing in a case; customers are not told."""
    return drafts.others_writing(db.session(), me().account_id, conversation_id) if me().is_staff else []


def standing_of(row: Conversation) -> StandingOut | None:
    """Return what a customer who waits for a person is told; a case that does not wait costs no query."""
    if row.waiting_since is None:
        return None
    at = firm.now(db.session(), settings().timezone)
    stands = waiting.standing(db.session(), row, at)
    if stands is None:
        return None
    opens_at = stands.opens_at.astimezone(UTC) if stands.opens_at else None
    sentence = waiting.sentence(stands, at, language())
    return StandingOut(place=stands.place, open_now=stands.open_now, opens_at=opens_at, sentence=sentence)


def presence() -> str:
    """Return the sentence that says whether a person is there, and if not, from when on."""
    at = firm.now(db.session(), settings().timezone)
    return waiting.presence_sentence(waiting.presence(db.session(), at), at, language())


def conversation_of(
    row: Conversation,
    jobs: Sequence[JobView],
    after: int,
    writers: Sequence[str] = (),
    stands: StandingOut | None = None,
) -> ConversationOut:
    said = cases.messages(db.session(), row.id, after)
    page = said[: cases.MESSAGES_PER_PAGE]
    return ConversationOut(
        **_common(row),
        messages=[message(each) for each in page],
        more=len(said) > len(page),
        jobs=[job(each) for each in jobs],
        standing=stands,
        writing=list(writers),
    )


def conversation(conversation_id: UUID, after: int = 0) -> ConversationOut:
    row = cases.get(db.session(), me(), conversation_id)
    jobs = polling.open_jobs(db.session(), me(), row.id)
    return conversation_of(row, jobs, after, writing(row.id), standing_of(row))


def entity_tag(
    row: Conversation, jobs: Sequence[JobView], after: int, writers: Sequence[str], stands: StandingOut | None
) -> str:
    """Change with the case, its place in line, its open jobs, who writes and who reads, and in which language."""
    reader = "staff" if me().is_staff else "client"
    parts = [str(row.version), str(row.summary_state), str(after), language().value, reader, str(row.staff_seen_seq)]
    line = [] if stands is None else [stands.model_dump_json()]
    return "-".join([*parts, *(each.entity_tag for each in jobs), *writers, *line])


def conversations(
    status: ConversationStatus | None,
    cursor: str | None,
    limit: int,
    *,
    by_wait: bool = False,
    assignee: UUID | None = None,
) -> ConversationListOut:
    return listing(cases.Filter(status, assignee, by_wait, requests.read_cursor(cursor), limit))


def listing(wanted: cases.Filter) -> ConversationListOut:
    rows = cases.find(db.session(), me(), wanted)
    page, last = rows[: wanted.limit], rows[wanted.limit - 1] if len(rows) > wanted.limit else None
    place = None if last is None else ((last.waiting_since if wanted.by_wait else last.updated_at), last.id)
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


def stats(period: str) -> StatsOut:
    """Return the figures of a period, and how the desk stands now.

    Raises:
        InvalidError: there is no such period.
    """
    if period not in figures.DAYS:
        raise InvalidError(field="period")
    read = figures.read(db.session(), period, settings().timezone)
    return StatsOut(period=period, **asdict(read), **asdict(standing.read(db.session())))
