"""Reading a request: bodies, ids, keys and cursors, each with its clear refusal."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from flask import request
from pydantic import TypeAdapter, ValidationError

from webapp.domain import Pausable
from webapp.errors import InvalidError, MalformedError, MissingKeyError, NotFoundError, WrongTypeError
from webapp.routes.schemas.base import Key

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    Model = TypeVar("Model", bound=BaseModel)

KEY = TypeAdapter(Key)
MAX_LIMIT = 100
MAX_DIGITS = 19


class WrongInputError(Exception):
    """What was sent says the wrong things. An answer of ours that does not fit its model is no such error."""

    def __init__(self, faults: list[ErrorDetails]) -> None:
        super().__init__()
        self.faults = faults


def checked(model: type[Model], given: object) -> Model:
    """Return what was sent, validated.

    Raises:
        WrongInputError: it says the wrong things.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise WrongInputError(error.errors()) from None


def body(model: type[Model]) -> Model:
    """Return the JSON body, validated.

    Raises:
        WrongTypeError: it is no JSON.
        MalformedError: it is JSON that cannot be read.
        WrongInputError: it says the wrong things.
    """
    if not request.is_json:
        raise WrongTypeError
    try:
        given = json.loads(request.get_data())
    except (ValueError, RecursionError):  # no JSON, no UTF-8, a number of thousands of digits, a thousand brackets
        raise MalformedError from None
    return checked(model, given)


def form(model: type[Model]) -> Model:
    """Return the words of a form with files, validated; a form has fields of its own besides.

    Raises:
        WrongTypeError: it is no such form.
        WrongInputError: it says the wrong things.
    """
    if request.mimetype != "multipart/form-data":
        raise WrongTypeError
    return checked(model, {name: request.form[name] for name in model.model_fields if name in request.form})


def key() -> str:
    """Return the Idempotency-Key.

    Raises:
        MissingKeyError: there is none, or none that can be kept.
    """
    return a_key(request.headers.get("Idempotency-Key", ""))


def optional_key() -> str | None:
    """Return the Idempotency-Key of a call that works without one.

    Raises:
        MissingKeyError: it cannot be kept.
    """
    return key() if "Idempotency-Key" in request.headers else None


def a_key(given: str) -> str:
    """Return an idempotency key, of a header or of a form.

    Raises:
        MissingKeyError: it is none that can be kept.
    """
    try:
        return KEY.validate_python(given)
    except ValidationError:
        raise MissingKeyError from None


def an_id(text: str) -> UUID:
    """Return an id as we write it; any other shape is simply not there.

    Raises:
        NotFoundError: it is none of ours.
    """
    try:
        found = UUID(text)
    except ValueError:
        raise NotFoundError from None
    if str(found) != text:
        raise NotFoundError
    return found


def id_or_nothing(text: str) -> UUID:
    """Return an id as we write it; for any other shape one that is nobody's."""
    try:
        return an_id(text)
    except NotFoundError:
        return UUID(int=0)


def pausable(name: str) -> Pausable:
    """Return what a name stands for.

    Raises:
        NotFoundError: nothing that can be paused.
    """
    try:
        return Pausable(name)
    except ValueError:
        raise NotFoundError from None


def number(name: str, default: int, *, low: int, high: int) -> int:
    """Return a whole number of the query string.

    Raises:
        InvalidError: it is no whole number within the bounds.
    """
    given = request.args.get(name)
    if given is None:
        return default
    whole = given.isascii() and given.isdigit() and len(given) <= MAX_DIGITS
    if not whole or not low <= int(given) <= high:
        raise InvalidError(field=name)
    return int(given)


def limit(default: int = 50) -> int:
    return number("limit", default, low=1, high=MAX_LIMIT)


def write_cursor(time: datetime, id_: UUID) -> str:
    return base64.urlsafe_b64encode(f"{time.isoformat()}|{id_}".encode()).decode().rstrip("=")


def read_cursor(given: str | None) -> tuple[datetime, UUID] | None:
    """Return the place a cursor stands for.

    Raises:
        InvalidError: we never gave such a cursor.
    """
    if not given:
        return None
    try:
        time, _, id_ = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode().partition("|")
        moment = datetime.fromisoformat(time)
        if moment.tzinfo is None:
            raise InvalidError(field="cursor")
        return moment.astimezone(UTC), UUID(id_)
    except (ValueError, OverflowError):
        raise InvalidError(field="cursor") from None
