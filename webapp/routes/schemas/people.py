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


class FirmOut(BaseModel):
    version: int
    choices: Choices
