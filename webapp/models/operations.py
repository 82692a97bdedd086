from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from webapp.domain import Pausable
from webapp.models.base import Base, Created, choice

# In a statement on `job`, under the alias {job}: its queue stands still, or it is a reply and the assistant does.
# Claims and tickets ask it themselves, so that no caller can forget a pause.
PAUSED = """EXISTS (SELECT 1 FROM pause
    WHERE pause.subject = {job}.queue OR (pause.subject = 'assistant' AND {job}.kind = 'reply'))"""
# Work whose time does not run meanwhile: nobody waits for it, and failing it would lose it. A reply's deadline holds.
HELD = """({job}.status = 'queued' AND {job}.kind <> 'reply'
    AND EXISTS (SELECT 1 FROM pause WHERE pause.subject = {job}.queue))"""


class Pause(Base):
    """What stands still, why, and by whom; no row, no pause. Claims and tickets read it in their own statements."""

    __tablename__ = "pause"

    subject: Mapped[Pausable] = mapped_column(choice(Pausable, "subject"), primary_key=True)
    reason: Mapped[str]
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    since: Mapped[Created]


class ModelUse(Base):
    """Calls of the model in an hour by how they ended, and the tokens billed: what the counts of processes forget."""

    __tablename__ = "model_use"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    operation: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    calls: Mapped[int]
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    last_at: Mapped[datetime]
