"""Taking what a customer or a person of the firm says, with files or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.errors import TooManyError
from webapp.extensions import db
from webapp.routes.access import me
from webapp.routes.acts import sending
from webapp.routes.locale import language
from webapp.routes.sessions import TEN_MINUTES, settings
from webapp.services import desk, messages, photos, throttle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from webapp.models import Message
    from webapp.routes.uploads import SentFile
    from webapp.services.messages import Accepted

UNANSWERED_IN_TEN_MINUTES = 60


def accept(text: str, conversation_id: UUID | None, idempotency_key: str) -> Accepted:
    """Take a message of the customer who calls."""
    said = messages.Said(me().account_id, text, idempotency_key, conversation_id, language())
    limits = settings()
    accepted = messages.accept(
        db.session(), said, max_pending=limits.max_pending_per_client, deadline_s=limits.reply_deadline_seconds
    )
    if accepted.asks_nobody:
        _limit_unanswered()
    db.session.commit()
    return accepted


def _limit_unanswered() -> None:
    """Bound what a customer may write while nobody but a person answers; a refused message is not kept."""
    where = {"limit": UNANSWERED_IN_TEN_MINUTES, "window_s": TEN_MINUTES}
    wait = throttle.count_attempt(db.session(), "unanswered", str(me().account_id), **where)
    if wait is not None and settings().ratelimit_enabled:
        raise TooManyError(wait)


def accept_with_files(
    text: str, conversation_id: UUID | None, idempotency_key: str, files: Sequence[SentFile]
) -> Accepted:
    """Take a message of the customer who calls, with its files.

    Sent before under the same key, it is answered before any limit is looked at.
    """
    digests = tuple(file.digest for file in files)
    said = messages.Said(me().account_id, text, idempotency_key, conversation_id, language(), digests)
    earlier = messages.replay(db.session(), said)
    if earlier is not None:
        return earlier
    limits = settings()
    with sending.kept(files) as stored:
        accepted = messages.accept(
            db.session(),
            said,
            max_pending=limits.max_pending_per_client,
            deadline_s=limits.reply_deadline_seconds,
            put_off_s=photos.REPLY_WAITS_S if files else 0,
        )
        if not accepted.replayed:
            sending.check_quota(files)
            photos.attach(db.session(), accepted.message_id, me().account_id, stored)
            if accepted.asks_nobody:
                _limit_unanswered()
    db.session.commit()
    if accepted.replayed:  # the same request, a moment ago
        sending.drop(stored)
    return accepted


def speak_with_files(
    conversation_id: UUID, content: str, idempotency_key: str | None, files: Sequence[SentFile]
) -> Message:
    """Say something as a person of the firm, with files."""
    with sending.kept(files) as stored:
        digests = [file.digest for file in files]
        message = desk.speak(db.session(), me(), conversation_id, content, idempotency_key, file_digests=digests)
        replayed = bool(photos.of_messages(db.session(), [message.id]))
        if not replayed:
            photos.attach(db.session(), message.id, me().account_id, stored)
    db.session.commit()
    if replayed:
        sending.drop(stored)
    return message
