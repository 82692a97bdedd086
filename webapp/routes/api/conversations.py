from __future__ import annotations

from typing import Any

from flask import Response, request

from webapp.domain import ConversationStatus
from webapp.errors import InvalidError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.api import api
from webapp.routes.api.answers import reply, tagged, unchanged
from webapp.routes.requests import an_id, body, limit, number, optional_key
from webapp.routes.schemas import (
    ClosedOut,
    CloseIn,
    ConversationPatchIn,
    DeletedOut,
    FeedbackIn,
    HandoffIn,
    StaffMessageIn,
)
from webapp.services import conversations as cases
from webapp.services import desk, polling

SORTS = ("activity", "wait")


@api.get("/conversations")
@access.signed_in
def conversations() -> Response:
    sort = _choice("sort", SORTS) or "activity"
    status = _choice("status", tuple(ConversationStatus))
    assignee = request.args.get("assignee")
    return reply(
        views.conversations(
            ConversationStatus(status) if status else None,
            request.args.get("cursor"),
            limit(),
            by_wait=sort == "wait",
            assignee=an_id(assignee) if assignee else None,
        )
    )


def _choice(name: str, allowed: tuple[str, ...]) -> str | None:
    given = request.args.get(name)
    if given and given not in allowed:
        raise InvalidError(field=name)
    return given or None


@api.get("/conversations/<conversation_id>")
@access.signed_in
def conversation(conversation_id: str) -> Response:
    row = cases.get(db.session(), me(), an_id(conversation_id))
    after = number("after", 0, low=0, high=views.MAX_SEQ)
    jobs = polling.open_jobs(db.session(), row.id)
    tag = views.entity_tag(row, jobs, after)
    return unchanged(tag) or tagged(views.conversation_of(row, jobs, after), tag)


@api.patch("/conversations/<conversation_id>")
@access.staff
def patch_conversation(conversation_id: str) -> Response:
    wanted = body(ConversationPatchIn)
    found = an_id(conversation_id)
    desk.change(db.session(), me(), found, _change(wanted))
    db.session.commit()
    return reply(views.conversation(found))


def _change(wanted: ConversationPatchIn) -> desk.Change:
    return desk.Change(
        status=ConversationStatus(wanted.status) if wanted.status else None,
        assignee_id=an_id(wanted.assignee_id) if wanted.assignee_id else None,
        subject=wanted.subject,
        assistant_on=None if wanted.assistant is None else wanted.assistant == "on",
    )


@api.post("/conversations/<conversation_id>/messages")
@access.staff
def speak(conversation_id: str) -> Response:
    wanted = body(StaffMessageIn)
    message = desk.speak(db.session(), me(), an_id(conversation_id), wanted.content, optional_key())
    db.session.commit()
    return reply(views.message(cases.get_message(db.session(), me(), message.id)), 201)


@api.post("/conversations/<conversation_id>/handoff")
@access.client
def handoff(conversation_id: str) -> Response:
    wanted = body(HandoffIn) if request.get_data() else HandoffIn()
    found = an_id(conversation_id)
    cases.ask_for_a_person(db.session(), me(), found, wanted.reason)
    db.session.commit()
    return reply(views.conversation(found))


@api.post("/conversations/<conversation_id>/reopen")
@access.signed_in
def reopen(conversation_id: str) -> Response:
    found = an_id(conversation_id)
    cases.reopen(db.session(), me(), found)
    db.session.commit()
    return reply(views.conversation(found))


@api.post("/close_conversation")
@access.signed_in
def close() -> Response:
    found = an_id(body(CloseIn).conversation_id)
    job_id = cases.close(db.session(), me(), found)
    db.session.commit()
    if job_id is None:
        return reply(DeletedOut(deleted=True))
    return reply(ClosedOut(job=views.job_by_id(job_id)), 202)


@api.post("/messages/<message_id>/feedback")
@access.client
def feedback(message_id: str) -> Response:
    wanted = body(FeedbackIn)
    cases.rate(db.session(), me(), an_id(message_id), wanted.rating, wanted.comment)
    db.session.commit()
    return Response(status=204)


@api.get("/conversations/<conversation_id>/export")
@access.signed_in
def export(conversation_id: str) -> Response:
    row = cases.get(db.session(), me(), an_id(conversation_id))
    whole = views.conversation_of(row, [], 0)
    while whole.more:
        following: Any = views.conversation_of(row, [], whole.messages[-1].seq)
        whole = whole.model_copy(update={"messages": whole.messages + following.messages, "more": following.more})
    response = reply(whole)
    response.headers["Content-Disposition"] = f'attachment; filename="conversation-{row.id}.json"'
    return response
