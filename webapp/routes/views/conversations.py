"""Conversations, whole and in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from webapp.domain import SummaryFields
from webapp.extensions import db
from webapp.routes import requests
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.routes.schemas.closing import ClosingFeedbackOut
from webapp.routes.schemas.conversations import (
    ConversationItemOut,
    ConversationListOut,
    ConversationOut,
    StandingOut,
)
from webapp.routes.schemas.facts import FactOut
from webapp.routes.schemas.messages import OpinionOut
from webapp.routes.views.attachments import attachments_of
from webapp.routes.views.jobs import job
from webapp.routes.views.messages import message
from webapp.routes.views.people import person
from webapp.routes.views.waiting import standing_of
from webapp.services import conversations as cases
from webapp.services import drafts, facts, polling

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from webapp.models import Conversation
    from webapp.services.lists import Filter
    from webapp.services.polling import JobView

MAX_SEQ = 2**31 - 1


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
        "client": person(row.client),
        "assignee": person(row.assignee),
        "summary": row.summary,
        "summary_state": row.summary_state,
        "summary_fields": SummaryFields(**row.summary_fields),
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


def conversation_of(
    row: Conversation,
    jobs: Sequence[JobView],
    after: int,
    writers: Sequence[str] = (),
    stands: StandingOut | None = None,
) -> ConversationOut:
    said = cases.messages(db.session(), row.id, after)
    page = said[: cases.MESSAGES_PER_PAGE]
    attachments = attachments_of([each.id for each in page])
    return ConversationOut(
        **_common(row),
        messages=[message(each, attachments.get(each.id, [])) for each in page],
        more=len(said) > len(page),
        jobs=[job(each) for each in jobs],
        standing=stands,
        opinions=_opinions(row.id) if me().is_staff else [],
        writing=list(writers),
        facts=[FactOut.model_validate(fact, from_attributes=True) for fact in facts.of(db.session(), row.id)],
    )


def _opinions(conversation_id: UUID) -> list[OpinionOut]:
    said = cases.opinions(db.session(), conversation_id)
    return [OpinionOut.model_validate(each, from_attributes=True) for each in said]


def conversation(conversation_id: UUID, after: int = 0) -> ConversationOut:
    return _whole(cases.get(db.session(), me(), conversation_id), after)


def latest(conversation_id: UUID) -> ConversationOut:
    """Return a case with its last messages, however many there are before them."""
    row = cases.get(db.session(), me(), conversation_id)
    return _whole(row, max(0, row.last_seq - cases.MESSAGES_PER_PAGE))


def _whole(row: Conversation, after: int) -> ConversationOut:
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


def listing(wanted: Filter) -> ConversationListOut:
    rows = cases.find(db.session(), me(), wanted)
    page, last = rows[: wanted.limit], rows[wanted.limit - 1] if len(rows) > wanted.limit else None
    place = None if last is None else ((last.waiting_since if wanted.by_wait else last.updated_at), last.id)
    return ConversationListOut(
        items=[ConversationItemOut(**_common(row)) for row in page],
        next_cursor=requests.write_cursor(*place) if place and place[0] else None,  # type: ignore[arg-type]  # both set
    )
