"""What an admin has stand still, with the reason; each pause and its end are kept in the audit.

The assistant paused: people answer everything, new messages at once. A queue paused: its work stays, in order; replies
keep their deadline and go to a person at it, the time of all other work does not run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003  pydantic reads the fields
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from webapp.domain import Pausable  # noqa: TC001  pydantic reads the fields of Paused
from webapp.errors import InvalidError
from webapp.models import Account, Firm, Pause
from webapp.services import firm, jobs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

LONGEST_REASON = 300
SUBJECT = "pause"  # of its lines in the audit
REASON = "pause_reason"  # the field of such a line that says why


@dataclass(frozen=True, slots=True)
class Paused:
    """`author` is None when that person is no longer there."""

    subject: Pausable
    reason: str
    author: str | None
    since: datetime


# The next tickets go out at once, and what did not run gets back the time it stood still.
_MOVE_AGAIN = text("""
UPDATE job SET published_at = NULL, deadline_at = CASE WHEN kind = 'reply' THEN deadline_at
    ELSE deadline_at + (clock_timestamp() - greatest(pause.since, job.created_at)) END
FROM pause WHERE pause.subject = :subject AND job.queue = pause.subject AND job.status = 'queued'
""")


def current(session: Session) -> Sequence[Paused]:
    """Return what stands still, the longest first."""
    rows = session.execute(
        select(Pause.subject, Pause.reason, Account.name, Pause.since)
        .outerjoin(Account, Account.id == Pause.author_id)
        .order_by(Pause.since)
    )
    return [Paused(*row) for row in rows]


def pause(session: Session, author_id: UUID, subject: Pausable, reason: str) -> None:
    """Have something stand still from now on; said again, it changes the reason.

    Raises:
        InvalidError: the reason is empty or too long.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON or not reason.isprintable():
        raise InvalidError(field="reason")
    row = _locked(session, subject)
    before = None if row is None else row.reason
    if before == reason:
        return
    if row is None:
        session.add(Pause(subject=subject, reason=reason, author_id=author_id))
    else:
        row.reason, row.author_id = reason, author_id
    known: dict[str, object] = {subject: before is not None} | ({} if before is None else {REASON: before})
    firm.record_change(session, author_id, SUBJECT, known, {subject: True, REASON: reason})
    jobs.wake_dispatcher(session)


def resume(session: Session, author_id: UUID, subject: Pausable) -> None:
    """Let something move again; what moves already stays so."""
    row = _locked(session, subject)
    if row is None:
        return
    session.execute(_MOVE_AGAIN, {"subject": subject.value})
    firm.record_change(session, author_id, SUBJECT, {subject: True, REASON: row.reason}, {subject: False})
    session.delete(row)
    session.flush()
    jobs.wake_dispatcher(session)


def _locked(session: Session, subject: Pausable) -> Pause | None:
    """Return a pause, None when there is none; admins who act at once act one after the other."""
    session.execute(select(Firm.id).with_for_update())
    return session.get(Pause, subject, populate_existing=True)
