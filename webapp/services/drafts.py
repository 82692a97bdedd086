"""What members of staff are writing: kept on every pause, so that it survives anything, and the others know."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from webapp.models import Account, StaffDraft
from webapp.services import conversations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity

STILL_WRITING = timedelta(seconds=15)


def read(session: Session, staff: Identity, conversation_id: UUID) -> StaffDraft | None:
    """Return one's own draft in a case.

    Raises:
        NotFoundError: there is no such case.
    """
    conversations.get(session, staff, conversation_id)
    return session.get(StaffDraft, (conversation_id, staff.account_id), populate_existing=True)


def keep(session: Session, staff: Identity, conversation_id: UUID, content: str) -> None:
    """Keep what is written so far; with nothing written there is no draft.

    Raises:
        NotFoundError: there is no such case.
    """
    conversations.lock_visible(session, staff, conversation_id)
    if not content.strip():
        drop(session, staff.account_id, conversation_id)
        return
    row = insert(StaffDraft).values(
        conversation_id=conversation_id,
        account_id=staff.account_id,
        content=content,
        updated_at=func.clock_timestamp(),
    )
    changed = {"content": row.excluded.content, "updated_at": row.excluded.updated_at}
    session.execute(row.on_conflict_do_update(index_elements=["conversation_id", "account_id"], set_=changed))


def drop(session: Session, account_id: UUID, conversation_id: UUID) -> None:
    session.execute(
        delete(StaffDraft).where(StaffDraft.conversation_id == conversation_id, StaffDraft.account_id == account_id)
    )


def others_writing(session: Session, account_id: UUID, conversation_id: UUID) -> Sequence[str]:
    """Return the names of the others who wrote in a case within the last seconds."""
    return session.scalars(
        select(Account.name)
        .join(StaffDraft, StaffDraft.account_id == Account.id)
        .where(
            StaffDraft.conversation_id == conversation_id,
            StaffDraft.account_id != account_id,
            StaffDraft.updated_at > func.clock_timestamp() - STILL_WRITING,
        )
        .order_by(Account.name)
    ).all()
