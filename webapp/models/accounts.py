from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.domain import Language, Role
from webapp.models.base import Base, Created, Id, choice


class Account(Base):
    """A person who signs in; `email` is kept in lower case."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("uq_account_email", "email", unique=True),
    )

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(choice(Role, "role"))
    password_hash: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[Language] = mapped_column(choice(Language, "locale"), default=Language.FR)
    phone: Mapped[str] = mapped_column(default="", server_default="")
    address: Mapped[str] = mapped_column(default="", server_default="")
    company: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[Created]


class SignIn(Base):
    """One row per sign-in, read with its account on each request: ending it ends the session at once.

    `refresh_id` is the only refresh token that works; its predecessor is forgiven for a few seconds (two tabs).
    """

    __tablename__ = "sign_in"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    refresh_id: Mapped[UUID]
    previous_refresh_id: Mapped[UUID | None]
    refreshed_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    created_at: Mapped[Created]
    ended_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(lazy="raise")


class Throttle(Base):
    """Attempts counted by key and window; keys are digests, so no address or e-mail is kept."""

    __tablename__ = "throttle"

    key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[datetime] = mapped_column(primary_key=True)
    attempts: Mapped[int]
