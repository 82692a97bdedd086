"""Statements asked so often that PostgreSQL would plan them for longer than it runs them: planned once a connection."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Result
    from sqlalchemy.orm import Session

_PARAMETER = re.compile(r"(?<!:):([a-z]\w*)")


class Prepared:
    """A statement with parameters named as in `text()`; `types` gives the PostgreSQL type of each."""

    def __init__(self, name: str, statement: str, **types: str) -> None:
        numbers = {parameter: f"${number}" for number, parameter in enumerate(types, 1)}
        numbered = _PARAMETER.sub(lambda found: numbers[found[1]], statement)
        self._name = f"prepared {name}"
        self._prepare = f"PREPARE {name} ({', '.join(types.values())}) AS {numbered}"
        self._execute = text(f"EXECUTE {name} ({', '.join(f':{each}' for each in types)})").bindparams(
            *(bindparam(each, type_=PG_UUID(as_uuid=True)) for each, kind in types.items() if kind == "uuid")
        )

    def execute(self, session: Session, values: Mapping[str, Any]) -> Result[*tuple[Any, ...]]:
        """Run it, prepared at its first use on a connection. A statement outlives the transaction that prepares it."""
        connection = session.connection()
        if self._name not in connection.info:
            connection.exec_driver_sql(self._prepare, execution_options={"no_parameters": True})
            connection.info[self._name] = True
        return session.execute(self._execute, dict(values))
