from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, g, request

from webapp.errors import NotFoundError, TooManyError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.api import api
from webapp.routes.api.answers import reply, tagged, unchanged
from webapp.routes.locale import language
from webapp.routes.requests import an_id, body, id_or_nothing, key
from webapp.routes.schemas.conversations import AcceptedOut
from webapp.routes.schemas.messages import ChatIn
from webapp.routes.sessions import TEN_MINUTES, settings
from webapp.services import conversations as cases
from webapp.services import messages, polling, throttle

if TYPE_CHECKING:
    from uuid import UUID

    from webapp.services.messages import Accepted

MAX_JSON_BYTES = 64 * 1024
UNANSWERED_IN_TEN_MINUTES = 60


def accept(text: str, conversation_id: UUID | None, idempotency_key: str) -> Accepted:
    """Take a message of the customer who calls; what is returned is committed."""
    said = messages.Said(me().account_id, text, idempotency_key, conversation_id, language())
    limits = settings()
    accepted = messages.accept(
        db.session(), said, max_pending=limits.max_pending_per_client, deadline_s=limits.reply_deadline_seconds
    )
    if accepted.asks_nobody:
        limit_unanswered()
    db.session.commit()
    return accepted


def limit_unanswered() -> None:
    """Bound what a customer may write while nobody but a person answers; a refused message is not kept."""
    where = {"limit": UNANSWERED_IN_TEN_MINUTES, "window_s": TEN_MINUTES}
    wait = throttle.count_attempt(db.session(), "unanswered", str(me().account_id), **where)
    if wait is not None and settings().ratelimit_enabled:
        raise TooManyError(wait)


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
    db.session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})  # it begins and ends by itself
    g.identity, view = polling.job_of_sign_in(db.session(), sign_in_id, id_or_nothing(job_id))
    if view is None:
        raise NotFoundError
    tag = f"{view.entity_tag}-{language()}"
    return unchanged(tag) or tagged(views.job(view), tag)
