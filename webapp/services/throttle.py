"""Limits by account and address, counted in PostgreSQL: one count for all web processes, and no Redis needed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_COUNT = text("""
    INSERT INTO throttle (key, window_start, attempts)
    VALUES (:key, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / :window) * :window), 1)
    ON CONFLICT (key, window_start) DO UPDATE SET attempts = throttle.attempts + 1
    RETURNING attempts, ceil(:window - (extract(epoch FROM clock_timestamp()) - extract(epoch FROM window_start)))
""")
_FORGET = text("DELETE FROM throttle WHERE window_start < clock_timestamp() - interval '1 day'")


def count_attempt(session: Session, kind: str, subject: str, *, limit: int, window_s: int) -> int | None:
    """Count one attempt of `kind` by `subject`; the caller commits it even when it is refused.

    Returns:
        None while at most `limit` were made in the current window of `window_s` seconds, else the seconds to wait.
    """
    key = hashlib.sha256(f"{kind}:{subject}".encode()).hexdigest()
    attempts, left = session.execute(_COUNT, {"key": key, "window": window_s}).one()
    return max(1, int(left)) if attempts > limit else None


def forget_old_attempts(session: Session) -> None:
    session.execute(_FORGET)
