from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.answers import reply
from webapp.routes.api import api
from webapp.routes.requests import an_id, body
from webapp.routes.schemas.desk import (
    DraftIn,
    DraftOut,
    ProposalAcceptedOut,
    SavedReplyIn,
    SavedReplyListOut,
    SavedReplyOut,
)
from webapp.services import drafts, proposals, saved_replies
from webapp.services.saved_replies import Text

if TYPE_CHECKING:
    from uuid import UUID

    from webapp.models import SavedReply


@api.get("/conversations/<conversation_id>/draft")
@access.staff
def draft(conversation_id: str) -> Response:
    return reply(_draft(an_id(conversation_id)))


@api.put("/conversations/<conversation_id>/draft")
@access.staff
def keep_draft(conversation_id: str) -> Response:
    wanted = body(DraftIn)
    found = an_id(conversation_id)
    drafts.keep(db.session(), me(), found, wanted.content)
    db.session.commit()
    return reply(_draft(found))


@api.delete("/conversations/<conversation_id>/draft")
@access.staff
def delete_draft(conversation_id: str) -> Response:
    drafts.keep(db.session(), me(), an_id(conversation_id), "")
    db.session.commit()
    return Response(status=204)


def _draft(conversation_id: UUID) -> DraftOut:
    row = drafts.read(db.session(), me(), conversation_id)
    return DraftOut(content=row.content if row else "", updated_at=row.updated_at if row else None)


@api.post("/conversations/<conversation_id>/proposal")
@access.staff
def ask_proposal(conversation_id: str) -> Response:
    job_id = proposals.ask(db.session(), me(), an_id(conversation_id))
    db.session.commit()
    return reply(ProposalAcceptedOut(job=views.job_by_id(job_id)), 202)


@api.get("/saved_replies")
@access.staff
def list_saved_replies() -> Response:
    return reply(SavedReplyListOut(items=[_saved(row) for row in saved_replies.find(db.session())], next_cursor=None))


@api.post("/saved_replies")
@access.staff
def add_saved_reply() -> Response:
    row = saved_replies.add(db.session(), _text(body(SavedReplyIn)))
    db.session.commit()
    return reply(_saved(row), 201)


@api.put("/saved_replies/<saved_reply_id>")
@access.staff
def change_saved_reply(saved_reply_id: str) -> Response:
    row = saved_replies.change(db.session(), an_id(saved_reply_id), _text(body(SavedReplyIn)))
    db.session.commit()
    return reply(_saved(row))


@api.delete("/saved_replies/<saved_reply_id>")
@access.staff
def delete_saved_reply(saved_reply_id: str) -> Response:
    saved_replies.remove(db.session(), an_id(saved_reply_id))
    db.session.commit()
    return Response(status=204)


def _text(given: SavedReplyIn) -> Text:
    return Text(given.title, given.content, given.language)


def _saved(row: SavedReply) -> SavedReplyOut:
    return SavedReplyOut.model_validate(row, from_attributes=True)
