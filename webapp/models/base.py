from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from sqlalchemy import DateTime, Enum, MetaData, Text, func
from sqlalchemy.orm import DeclarativeBase, mapped_column, registry
from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from enum import StrEnum

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Text has no length in the schema (validated where it enters); every time carries its zone."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={str: Text, datetime: DateTime(timezone=True)},
    )


# Version 7 ids grow with time, so new rows stay together in their indexes.
Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid7)]
# PostgreSQL's clock alone tells the time, and not the frozen start of a transaction.
Created = Annotated[datetime, mapped_column(server_default=func.clock_timestamp())]


def choice(values: type[StrEnum], name: str) -> Enum:
    """Return a text column type held to `values` by a CHECK called `name`."""
    return Enum(
        values,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda enum: [member.value for member in enum],
    )
