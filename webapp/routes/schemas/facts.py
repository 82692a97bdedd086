"""Numbers and dates read in a customer's pictures."""

from __future__ import annotations

from uuid import UUID

from pydantic import BaseModel, Field, StrictBool

from webapp.domain import FactKind, FactState
from webapp.routes.schemas.base import Input


class FactIn(Input):
    confirmed: StrictBool = Field(description="Whether it is right")


class FactOut(BaseModel):
    id: UUID
    kind: FactKind
    value: str = Field(description="A code in capitals, or a date as 2024-03-12")
    state: FactState
    attachment_id: UUID | None = Field(description="The picture it was read in; null once that is gone")
