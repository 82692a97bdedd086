"""Forms with files, read as they come: every limit holds while the bytes arrive, and none is held in memory.

`takes_files` on a route has its form read so, also where the CSRF field is looked for before the route runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

from flask import current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from webapp.errors import LargeFilesError, MalformedFormError, StorageAwayError, TooManyFilesError, WrongFilesError
from webapp.media import HEAD_BYTES, MediaType, sniff
from webapp.routes import access
from webapp.routes.workshop import temporary_file
from webapp.services import photos

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Flask
    from werkzeug.datastructures import FileStorage

    View = TypeVar("View", bound=Callable[..., Any])

MEGABYTE = 1 << 20
MAX_FILES = 5
MAX_BODY_BYTES = 55 * MEGABYTE  # as the proxy: five files and their form
MAX_READ_BYTES = 200 * MEGABYTE  # of a body that is refused; past it the sender sees a broken connection
MAX_PARTS = 20
NAME_LENGTH = 120
NAMELESS = "image"
FIELD = "images"
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it was sent, whole, in a temporary place; `digest` is SHA-256 in hexadecimal."""

    name: str
    stream: IO[bytes]
    size: int
    digest: str
    media_type: MediaType


def takes_files(view: View) -> View:
    """Mark a route whose form carries files."""
    view.takes_files = True  # type: ignore[attr-defined]  # read by `register`
    return view


def register(app: Flask) -> None:
    @app.before_request
    def prepare() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        if getattr(view, "takes_files", False) and request.mimetype == "multipart/form-data" and access.carries_token():
            request.max_content_length = MAX_READ_BYTES
            request.max_form_parts = MAX_PARTS
            request.form_data_parser_class = _Parser

    @app.teardown_request
    def close(_: BaseException | None) -> None:
        for place in g.pop("upload_places", ()):
            place.file.close()


def sent_files() -> tuple[SentFile, ...]:
    """Return the files of this request's form, in order; a field nobody filled has none.

    Raises:
        TooManyFilesError, LargeFilesError, WrongFilesError: one is enough to refuse them all.
    """
    received = [_part(each) for each in request.files.getlist(FIELD)]
    parts = [part for part in received if part.name or part.size]
    if len(parts) > MAX_FILES:
        raise TooManyFilesError(field=FIELD, count=MAX_FILES)
    _refuse_large(parts)
    kinds = [part.kind() for part in parts]
    wrong = [file_name(part.name) for part, kind in zip(parts, kinds, strict=True) if kind is None]
    if wrong:
        raise WrongFilesError(field=FIELD, names=wrong)
    return tuple(
        SentFile(file_name(part.name), part.file, part.size, part.sha256.hexdigest(), kind)
        for part, kind in zip(parts, kinds, strict=True)
        if kind is not None
    )


def _refuse_large(parts: Sequence[_Part]) -> None:
    large = [file_name(part.name) for part in parts if part.size > photos.MAX_BYTES]
    if large:
        raise LargeFilesError(field=FIELD, names=large, megabytes=photos.MAX_BYTES // MEGABYTE)


def _part(file: FileStorage) -> _Part:
    return cast("_Part", file.stream)


def file_name(given: str) -> str:
    """Return the name of a file without its folders, and without characters that hide or reorder it."""
    name = given.replace("\\", "/").rpartition("/")[2]
    name = " ".join("".join(character for character in name if character.isprintable()).split()).rstrip(".")
    stem, dot, suffix = name.rpartition(".")
    if dot and len(suffix) < NAME_LENGTH:
        return f"{stem.lstrip('.')[: NAME_LENGTH - len(suffix) - 1] or NAMELESS}.{suffix}"
    return name[:NAME_LENGTH] or NAMELESS


@dataclass(slots=True)
class _Part:
    """Where the bytes of one file go: to a temporary file, up to the limit; what is more is counted and dropped."""

    name: str
    file: IO[bytes]
    size: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)

    def write(self, data: bytes) -> int:
        self.size += len(data)
        if self.size <= photos.MAX_BYTES:
            self.sha256.update(data)
            _to_disk(self.file, data)
        return len(data)

    def kind(self) -> MediaType | None:
        self.file.seek(0)
        head = self.file.read(HEAD_BYTES)
        self.file.seek(0)
        return sniff(head)

    def seek(self, place: int) -> int:
        """Called when the part is whole."""
        try:
            return self.file.seek(place)
        except OSError as error:
            raise StorageAwayError from error

    def close(self) -> None:
        self.file.close()


def _to_disk(file: IO[bytes], data: bytes) -> None:
    try:
        file.write(data)
    except OSError as error:
        raise StorageAwayError from error


class _Bounded:
    """A body, up to as much as a form may have."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = MAX_BODY_BYTES

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise RequestEntityTooLarge
        return data


class _Parser(FormDataParser):
    """Werkzeug's, where a form that cannot be read is refused and not taken for an empty one."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  Werkzeug's own
        super().__init__(**options | {"silent": False, "stream_factory": _place_for_a_file})

    def parse(self, stream: IO[bytes], *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  idem
        try:
            return super().parse(cast("IO[bytes]", _Bounded(stream)), *arguments, **options)
        except ValueError:
            raise MalformedFormError from None
        except (RequestEntityTooLarge, StorageAwayError):
            _read_away(stream)
            _refuse_large(_places())
            raise


def _places() -> list[_Part]:
    found: list[_Part] = g.setdefault("upload_places", [])
    return found


def _place_for_a_file(*_: object, filename: str | None = None, **__: object) -> IO[bytes]:
    """Open a temporary file without a name; past as many as a message takes, all share the last."""
    places = _places()
    if len(places) <= MAX_FILES:
        places.append(_Part(filename or "", temporary_file()))
    return cast("IO[bytes]", places[-1])


def _read_away(stream: IO[bytes]) -> None:
    """Read what is left of a refused body, or its sender sees a broken connection and not the refusal."""
    while stream.read(BLOCK):
        continue
