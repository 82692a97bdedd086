"""As much of JSON Schema 2020-12 as the application's own description uses; an unknown word is a fault, not a pass."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable

Schema = dict[str, Any]

TYPES: dict[str, Callable[[object], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
FORMATS: dict[str, Callable[[str], object]] = {
    "uuid": UUID,
    "date-time": lambda text: datetime.strptime(text[:19] + text[-1], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC),
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "email": lambda text: text.index("@"),
    "binary": str,
}
SAYS_NOTHING = {"title", "description", "default"}


class MismatchError(Exception):
    """A value is not as described: the path to it, and the word it breaks."""


def check(value: object, schema: Schema, definitions: dict[str, Schema], at: str = "$") -> None:
    """Raise MismatchError at the first difference; objects may hold nothing that is not described."""
    for word in sorted(schema, key=lambda word: word != "type"):  # the other words suppose the type
        if word not in SAYS_NOTHING:
            WORDS[word](value, schema[word], schema, definitions, at)


def _expect(*, true: bool, at: str, word: str, value: object) -> None:
    if not true:
        raise MismatchError(f"{at} breaks {word}: {value!r}")


def _ref(value: object, wanted: str, _schema: Schema, definitions: dict[str, Schema], at: str) -> None:
    check(value, definitions[wanted.rpartition("/")[2]], definitions, at)


def _any_of(value: object, wanted: list[Schema], _schema: Schema, definitions: dict[str, Schema], at: str) -> None:
    faults = []
    for each in wanted:
        try:
            return check(value, each, definitions, at)
        except MismatchError as fault:
            faults.append(str(fault))
    raise MismatchError(" and ".join(faults))


def _properties(value: Any, wanted: Schema, schema: Schema, definitions: dict[str, Schema], at: str) -> None:  # noqa: ANN401  # any JSON
    for name, inner in value.items():
        described = wanted.get(name, schema.get("additionalProperties"))
        _expect(true=isinstance(described, dict), at=f"{at}.{name}", word="properties", value=inner)
        check(inner, described or {}, definitions, f"{at}.{name}")


def _additional(value: Any, wanted: object, schema: Schema, definitions: dict[str, Schema], at: str) -> None:  # noqa: ANN401  # idem
    if isinstance(wanted, dict) and "properties" not in schema:
        _properties(value, {}, schema, definitions, at)


def _items(value: Any, wanted: Schema, _schema: Schema, definitions: dict[str, Schema], at: str) -> None:  # noqa: ANN401  # idem
    for index, each in enumerate(value):
        check(each, wanted, definitions, f"{at}[{index}]")


def _first_items(value: Any, wanted: list[Schema], _schema: Schema, definitions: dict[str, Schema], at: str) -> None:  # noqa: ANN401  # idem
    for index, (each, schema) in enumerate(zip(value, wanted, strict=False)):
        check(each, schema, definitions, f"{at}[{index}]")


def _format(value: object, wanted: str, _schema: Schema, _definitions: dict[str, Schema], at: str) -> None:
    try:
        FORMATS[wanted](str(value))
    except ValueError:
        raise MismatchError(f"{at} is no {wanted}: {value!r}") from None


def _plain(true: Callable[[Any, Any], bool], word: str) -> Callable[..., None]:
    def checked(value: object, wanted: object, _schema: Schema, _definitions: dict[str, Schema], at: str) -> None:
        _expect(true=true(value, wanted), at=at, word=word, value=value)

    return checked


WORDS: dict[str, Callable[..., None]] = {
    "$ref": _ref,
    "anyOf": _any_of,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "prefixItems": _first_items,
    "format": _format,
    "type": _plain(lambda value, wanted: TYPES[wanted](value), "type"),
    "enum": _plain(lambda value, wanted: value in wanted, "enum"),
    "const": _plain(lambda value, wanted: value == wanted, "const"),
    "required": _plain(lambda value, wanted: set(wanted) <= set(value), "required"),
    "pattern": _plain(lambda value, wanted: re.search(wanted, value) is not None, "pattern"),
    "minLength": _plain(lambda value, wanted: len(value) >= wanted, "minLength"),
    "maxLength": _plain(lambda value, wanted: len(value) <= wanted, "maxLength"),
    "minItems": _plain(lambda value, wanted: len(value) >= wanted, "minItems"),
    "maxItems": _plain(lambda value, wanted: len(value) <= wanted, "maxItems"),
    "minimum": _plain(lambda value, wanted: value >= wanted, "minimum"),
    "maximum": _plain(lambda value, wanted: value <= wanted, "maximum"),
}
