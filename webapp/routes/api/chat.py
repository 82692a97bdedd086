from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, g, request

from webapp.errors import NotFoundError
from webapp.extensions import db, statement
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.acts.messages import accept
from webapp.routes.answers import reply, tagged, unchanged
from webapp.routes.api import api
from webapp.routes.locale import language
from webapp.routes.requests import an_id, body, id_or_nothing, key
from webapp.routes.schemas.conversations import AcceptedOut
from webapp.routes.schemas.messages import ChatIn
from webapp.services import conversations as cases
from webapp.services import polling

if TYPE_CHECKING:
    from webapp.services.messages import Accepted

MAX_JSON_BYTES = 64 * 1024


@api.post("/chat")
@access.client
def chat() -> Response:
    request.max_content_length = MAX_JSON_BYTES
    idempotency_key = key()
    wanted = body(ChatIn)
    conversation_id = None if wanted.conversation_id is None else an_id(wanted.conversation_id)
    accepted = accept(wanted.message, conversation_id, idempotency_key)
    written = accepted.written
    if written is None:
        return accepted_out(accepted)
    said = views.just_said(accepted.message_id, wanted.message, written)
    job = views.just_queued(accepted, written)
    return reply(AcceptedOut(conversation_id=accepted.conversation_id, message=said, job=job), HTTPStatus.ACCEPTED)


def accepted_out(accepted: Accepted) -> Response:
    said = views.message(cases.get_message(db.session(), me(), accepted.message_id))
    job = None if accepted.job_id is None else views.job_by_id(accepted.job_id)
    status = HTTPStatus.OK if accepted.replayed else HTTPStatus.ACCEPTED
    return reply(AcceptedOut(conversation_id=accepted.conversation_id, message=said, job=job), status)


@api.get("/jobs/<job_id>")
@access.signed_in_by_reading
def job(job_id: str) -> Response:
    sign_in_id = access.sign_in_id()
    with statement() as session:
        g.identity, view = polling.job_of_sign_in(session, sign_in_id, id_or_nothing(job_id))
    if view is None:
        raise NotFoundError
    tag = f"{view.entity_tag}-{language()}"
    return unchanged(tag) or tagged(views.job(view), tag)
