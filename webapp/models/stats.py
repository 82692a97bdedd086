from __future__ import annotations

from typing import Any

from sqlalchemy import Float
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.models.base import Base, Created


class KeptStats(Base):
    """The figures of a period as they were last read, and the seconds that took."""

    __tablename__ = "kept_stats"

    period: Mapped[str] = mapped_column(primary_key=True)
    zone: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    took_s: Mapped[float] = mapped_column(Float)
    read_at: Mapped[Created]
