"""The end of a case: closing and reopening, its summary, what the customer thinks, the whole of it to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from webapp.domain import SummaryFields
from webapp.errors import InvalidError
from webapp.extensions import db
from webapp.routes import access, letters, views
from webapp.routes.access import me
from webapp.routes.answers import reply
from webapp.routes.api import api
from webapp.routes.requests import an_id, body
from webapp.routes.schemas.closing import ClosingFeedbackIn, SummaryIn
from webapp.routes.schemas.conversations import ClosedOut, CloseIn, ConversationOut, DeletedOut
from webapp.routes.schemas.messages import FeedbackIn
from webapp.services import conversations as cases
from webapp.services import summaries

if TYPE_CHECKING:
    from webapp.models import Conversation

FORMATS = ("json", "html")


@api.post("/close_conversation")
@access.signed_in
def close() -> Response:
    found = an_id(body(CloseIn).conversation_id)
    job_id = cases.close(db.session(), me(), found)
    db.session.commit()
    if job_id is None:
        return reply(DeletedOut(deleted=True))
    return reply(ClosedOut(job=views.job_by_id(job_id)), 202)


@api.post("/conversations/<conversation_id>/reopen")
@access.signed_in
def reopen(conversation_id: str) -> Response:
    found = an_id(conversation_id)
    cases.reopen(db.session(), me(), found)
    db.session.commit()
    return reply(views.conversation(found))


@api.put("/conversations/<conversation_id>/summary")
@access.staff
def edit_summary(conversation_id: str) -> Response:
    wanted = body(SummaryIn)
    found = an_id(conversation_id)
    fields = None if wanted.fields is None else SummaryFields(**wanted.fields.model_dump())
    summaries.edit(db.session(), cases.lock_visible(db.session(), me(), found), wanted.summary, fields)
    db.session.commit()
    return reply(views.conversation(found))


@api.post("/messages/<message_id>/feedback")
@access.client
def feedback(message_id: str) -> Response:
    wanted = body(FeedbackIn)
    cases.rate(db.session(), me(), an_id(message_id), wanted.rating, wanted.comment)
    db.session.commit()
    return Response(status=204)


@api.post("/conversations/<conversation_id>/closing_feedback")
@access.client
def closing_feedback(conversation_id: str) -> Response:
    wanted = body(ClosingFeedbackIn)
    cases.rate_closing(db.session(), me(), an_id(conversation_id), wanted.rating, wanted.comment)
    db.session.commit()
    return Response(status=204)


@api.get("/conversations/<conversation_id>/export")
@access.signed_in
def export(conversation_id: str) -> Response:
    row = cases.get(db.session(), me(), an_id(conversation_id))
    kind = request.args.get("format") or "json"
    if kind not in FORMATS:
        raise InvalidError(field="format")
    whole = _whole(row)
    response = reply(whole) if kind == "json" else Response(letters.letter(whole), mimetype="text/html")
    response.headers["Content-Disposition"] = f'attachment; filename="conversation-{row.id}.{kind}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _whole(row: Conversation) -> ConversationOut:
    whole = views.conversation_of(row, [], 0)
    while whole.more:
        following = views.conversation_of(row, [], whole.messages[-1].seq)
        whole = whole.model_copy(update={"messages": whole.messages + following.messages, "more": following.more})
    return whole
