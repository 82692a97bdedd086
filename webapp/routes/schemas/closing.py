"""What a closed case leaves: its summary, the fields of the firm's protocol, the customer's word."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, StringConstraints

from webapp.routes.schemas.base import Input, MessageText, Storable

Value = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), Storable] | None,
    BeforeValidator(lambda given: None if isinstance(given, str) and not given.strip() else given),
]


class SummaryFieldsIn(Input):
    """The fields as a person corrects them; what is left out is empty."""

    order_number: Value = None
    position: Value = None
    product: Value = None
    defect: Value = None
    photos: bool | None = None
    site_address: Value = None
    availability: Value = None
    contact: Value = None


class SummaryIn(Input):
    """A corrected summary; without `fields` they stay as they are."""

    summary: MessageText
    fields: SummaryFieldsIn | None = None


class ClosingFeedbackIn(Input):
    rating: Literal["up", "down"]
    comment: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000), Storable] | None = None


class ClosingFeedbackOut(BaseModel):
    rating: Literal["up", "down"]
    comment: str | None
