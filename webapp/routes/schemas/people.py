"""The firm's people and choices."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from webapp.domain import Role
from webapp.routes.schemas.base import Email, Input, Line
from webapp.services.firm import Choices


class PersonIn(Input):
    email: Email
    name: Line
    role: Literal["staff", "admin"]


class PersonPatchIn(Input):
    role: Literal["staff", "admin"] | None = None
    active: bool | None = None


class PersonRowOut(BaseModel):
    """One of the firm's people."""

    id: UUID
    email: str
    name: str
    role: Role
    active: bool
    created_at: datetime


class StaffListOut(BaseModel):
    items: list[PersonRowOut]
    next_cursor: str | None


class FirmIn(Choices):
    """`version` is the one the choices were read at: who names it overwrites nobody's change unseen."""

    version: int | None = None

    @property
    def choices(self) -> Choices:
        return Choices.model_validate(self.model_dump(exclude={"version"}))


class FirmOut(BaseModel):
    version: int
    choices: Choices
