"""Pictures and PDFs sent with messages."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from webapp.routes.schemas.base import MAX_MESSAGE_LENGTH, Input, Storable


class WithFilesIn(Input):
    """The words that come with files: they may be none."""

    message: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_MESSAGE_LENGTH), Storable] = ""
    conversation_id: Annotated[str, StringConstraints(max_length=64), Storable] | None = None


class StaffFilesIn(Input):
    """The words of a person of the firm that come with files: they may be none."""

    content: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_MESSAGE_LENGTH), Storable] = ""


class AttachmentOut(BaseModel):
    id: UUID
    name: str
    media_type: str
    width: int | None
    height: int | None
    state: Literal["pending", "clean", "rejected"]
    reason: str | None
    pages: int = Field(description="Pictures it is shown as: 1, or the pages of a PDF that were kept")
    left_out: int = Field(description="Pages of a PDF that were not kept")
    faults: list[str] = Field(description="What makes a photo of little use: dark, blurred, small")
    alt: str = Field(description="What stands for the picture where it is not seen")
    description: str | None = Field(default=None, description="By a vision model; staff only")
