"""What customers may ask about themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from webapp.domain import Language, Role
from webapp.routes.schemas.base import Email, Input, Line, Password, Storable


class ProfileIn(Input):
    """A profile's fields; what is not given stays as it is."""

    name: Line | None = None
    phone: Annotated[str, StringConstraints(strip_whitespace=True, max_length=40), Storable] | None = None
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Storable] | None = None
    company: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable] | None = None
    locale: Language | None = None


class WholeProfileIn(ProfileIn):
    """A profile as its form sends it: with a name."""

    name: Line


class PasswordIn(Input):
    password: Password


class EmailIn(Input):
    email: Email


class EraseIn(Input):
    password: Annotated[str, StringConstraints(max_length=256), Storable]


class ProfileOut(BaseModel):
    id: UUID
    email: str
    name: str
    role: Role
    phone: str
    address: str
    company: str
    locale: Language
    created_at: datetime


class ErasedOut(BaseModel):
    erased: Literal[True]
