"""Signing in."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from webapp.domain import Role
from webapp.routes.schemas.base import Email, Input, Line, Password, Storable


class RegisterIn(Input):
    email: Email
    password: Password
    name: Line


class LoginIn(Input):
    email: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, max_length=254), Storable]
    password: Annotated[str, StringConstraints(max_length=256), Storable]


class UserOut(BaseModel):
    id: UUID
    email: str
    name: str
    role: Role


class UserEnvelopeOut(BaseModel):
    user: UserOut
