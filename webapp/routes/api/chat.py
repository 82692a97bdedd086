from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, request

from webapp.errors import TooManyError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.api import api
from webapp.routes.api.answers import reply, tagged, unchanged
from webapp.routes.locale import language
from webapp.routes.requests import an_id, body, key
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
    if accepted.job_id is None and not accepted.replayed:
        _limit_unanswered()
    db.session.commit()
    return accepted


def _limit_unanswered() -> None:
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
    said = views.message(cases.get_message(db.session(), me(), accepted.message_id))
    job = None if accepted.job_id is None else views.job_by_id(accepted.job_id)
    status = HTTPStatus.OK if accepted.replayed else HTTPStatus.ACCEPTED
    return reply(AcceptedOut(conversation_id=accepted.conversation_id, message=said, job=job), status)


@api.get("/jobs/<job_id>")
@access.signed_in
def job(job_id: str) -> Response:
    view = polling.job(db.session(), me(), an_id(job_id))
    tag = f"{view.entity_tag}-{language()}"
    return unchanged(tag) or tagged(views.job(view), tag)
