"""What every model of the API is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, StringConstraints

MAX_MESSAGE_LENGTH = 8000


def _refuse_unstorable(value: str) -> str:
    """Refuse what PostgreSQL and UTF-8 have no form for: NUL, and halves of a character."""
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("nul")
    return value


# Last in each type: constraints that stand after a validator look at a text before it is stripped.
Storable = AfterValidator(_refuse_unstorable)
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
MessageText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_MESSAGE_LENGTH), Storable
]
Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Email = Annotated[EmailStr, StringConstraints(to_lower=True, max_length=254)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=256), Storable]


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)
