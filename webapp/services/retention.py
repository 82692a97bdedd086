"""What is kept no longer than the firm has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from webapp.services import files, firm

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AT_ONCE = 500  # cases removed in one transaction

# A case somebody is about to reopen is locked, and left for the next time.
_REMOVE = text("""
DELETE FROM conversation WHERE id IN (
    SELECT id FROM conversation WHERE closed_at < clock_timestamp() - make_interval(days => :days)
    ORDER BY closed_at LIMIT :most FOR UPDATE SKIP LOCKED)
""")
_COUNT = text("SELECT count(*) FROM conversation WHERE closed_at < clock_timestamp() - make_interval(days => :days)")


def expired(session: Session) -> int:
    """Return how many closed cases are older than the firm keeps them: the dry run."""
    count: int = session.execute(_COUNT, {"days": firm.choices(session).keep_conversations_days}).scalar_one()
    return count


def remove_expired(session: Session) -> int:
    """Remove the oldest of them with all that belongs to them; return how many."""
    days = firm.choices(session).keep_conversations_days
    removed = session.execute(_REMOVE, {"days": days, "most": AT_ONCE})
    return int(removed.rowcount)  # type: ignore[attr-defined]  # a DELETE has one


def expired_files(session: Session) -> int:
    """Return how many files of closed cases are older than the firm keeps them: the dry run."""
    return files.expired(session, firm.choices(session).keep_files_days)


def remove_expired_files(session: Session) -> int:
    """Remove the oldest of them; what is said of the case stays. Return how many."""
    return files.remove_expired(session, firm.choices(session).keep_files_days)
