"""What went wrong, as RFC 9457 has it."""

from __future__ import annotations

from pydantic import BaseModel


class FieldFaultOut(BaseModel):
    field: str
    detail: str


class ProblemOut(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldFaultOut] | None = None
