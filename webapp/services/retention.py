"""What is kept no longer than the firm has chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from webapp.services import files, firm

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

AT_ONCE = 500  # removed in one transaction

# A case somebody is about to reopen is locked, and left for the next time.
_REMOVE = text("""
DELETE FROM conversation WHERE id IN (
    SELECT id FROM conversation WHERE closed_at < clock_timestamp() - make_interval(days => :days)
    ORDER BY closed_at LIMIT :most FOR UPDATE SKIP LOCKED)
""")
_COUNT = text("SELECT count(*) FROM conversation WHERE closed_at < clock_timestamp() - make_interval(days => :days)")

# What nobody will ask for again. What a search found quotes documents that may be withdrawn since, internal ones too.
# Mails are kept for who asks whether one went out. A sign-in that was not refreshed for so long cannot be any more.
_LEFT = (
    ("job", "queue = 'background' AND kind IN ('search', 'stats') AND finished_at", 2),
    ("job", "queue = 'background' AND kind = 'mail' AND finished_at", 90),
    ("sign_in", "refreshed_at", 60),
    ("link", "expires_at", 30),
)
_REMOVE_LEFT = tuple(
    text(
        f"DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table}"  # noqa: S608  names of ours, above
        f" WHERE {since} < clock_timestamp() - make_interval(days => {days}) LIMIT :most FOR UPDATE SKIP LOCKED))"
    )
    for table, since, days in _LEFT
)


def expired(session: Session) -> int:
    """Return how many closed cases are older than the firm keeps them: the dry run."""
    count: int = session.execute(_COUNT, {"days": firm.choices(session).keep_conversations_days}).scalar_one()
    return count


def remove_expired(session: Session, most: int = AT_ONCE) -> int:
    """Remove the oldest of them with all that belongs to them; return how many."""
    days = firm.choices(session).keep_conversations_days
    removed = session.execute(_REMOVE, {"days": days, "most": most})
    return int(removed.rowcount)  # type: ignore[attr-defined]  # a DELETE has one


def expired_files(session: Session) -> int:
    """Return how many files of closed cases are older than the firm keeps them: the dry run."""
    return files.expired(session, firm.choices(session).keep_files_days)


def remove_expired_files(session: Session, most: int = AT_ONCE) -> int:
    """Remove the oldest of them; what is said of the case stays. Return how many."""
    return files.remove_expired(session, firm.choices(session).keep_files_days, most)


def remove_leftovers(session: Session, most: int = AT_ONCE) -> int:
    """Remove rows that nobody will ask for again; return how many."""
    removed = 0
    for statement in _REMOVE_LEFT:
        found = session.execute(statement, {"most": most - removed})
        removed += int(found.rowcount)  # type: ignore[attr-defined]  # idem
    return removed
