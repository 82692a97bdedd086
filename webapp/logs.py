"""One line a happening on standard error: plain words in development, JSON in production. No message text, ever.

Each line carries the id of its request and of its job: one thread through web, dispatcher, worker and model.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from webapp.settings import Settings

PLAIN = "%(asctime)s %(levelname)s %(name)s %(message)s"
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")  # what a proxy may give: nothing that could break a line or a header
CREDENTIALS = re.compile(r"(?<=://)[^/\s@]{1,500}@")
QUERY = re.compile(r"(?<=://)([^\s?\"']{1,500})\?[^\s\"']{1,2000}")

_request: ContextVar[str | None] = ContextVar("request", default=None)
_job: ContextVar[str | None] = ContextVar("job", default=None)


def request_id() -> str | None:
    """Return the id of the request that is under way, or that caused the work under way."""
    return _request.get()


def new_request(given: str | None) -> str:
    """Begin a request under the id a proxy gave, or a new one; it ends when the next one begins."""
    wanted = given if given is not None and REQUEST_ID.fullmatch(given) else uuid7().hex
    _request.set(wanted)
    return wanted


def no_request() -> None:
    """What follows on this thread belongs to no request until one begins."""
    _request.set(None)


@contextmanager
def about(job_id: UUID, request: str | None) -> Iterator[None]:
    """Let every line within carry a job and the request it came from."""
    of_request, of_job = _request.set(request), _job.set(str(job_id))
    try:
        yield
    finally:
        _request.reset(of_request)
        _job.reset(of_job)


def _thread() -> dict[str, str]:
    named = {"request": _request.get(), "job": _job.get()}
    return {name: value for name, value in named.items() if value is not None}


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_thread(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class PlainFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        thread = "".join(f" {name}={value}" for name, value in _thread().items())
        return super().format(record) + thread


class WithoutValues(logging.Filter):
    """SQLAlchemy prints the values of a failed statement, and so what people wrote: keep the kind alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and record.exc_info[1] is not None and hasattr(record.exc_info[1], "hide_parameters"):
            kind = type(record.exc_info[1]).__name__
            record.msg, record.args, record.exc_info = f"{record.getMessage()} ({kind})", (), None
        return True


class WithoutCredentials(logging.Filter):
    """The client of the model prints whole addresses, with the password or the key that may stand in them."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if "://" in said:
            record.msg, record.args = QUERY.sub(r"\1", CREDENTIALS.sub("", said)), ()
        return True


def configure(settings: Settings) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.production else PlainFormatter(PLAIN))
    handler.addFilter(WithoutValues())
    handler.addFilter(WithoutCredentials())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
