"""Logs say what happened, never what people wrote."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import copy_context
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError

from webapp import logs
from webapp.logs import JsonFormatter, WithoutCredentials, WithoutValues
from webapp.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

SECRET = "un secret bien gardé"


@pytest.fixture
def _handlers_are_put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _record(error: Exception) -> logging.LogRecord:
    try:
        raise error  # noqa: TRY301  a record needs a traceback
    except Exception:  # noqa: BLE001  idem
        return logging.LogRecord("here", logging.ERROR, "file", 1, "it broke: %s", ("now",), sys.exc_info())


def test_a_statement_is_logged_without_its_values(session: Session) -> None:
    with pytest.raises(DBAPIError) as failed:
        session.execute(text("SELECT 1 / 0, :said"), {"said": SECRET})
    assert SECRET in str(failed.value)
    record = _record(failed.value)
    WithoutValues().filter(record)
    line = json.loads(JsonFormatter().format(record))
    assert (line["level"], line["message"]) == ("ERROR", f"it broke: now ({type(failed.value).__name__})")
    assert SECRET not in str(line)


def test_what_cannot_be_bound_is_logged_without_its_values(session: Session) -> None:
    with pytest.raises(StatementError) as failed:
        session.execute(text("SELECT :said, :missing"), {"said": SECRET})
    record = _record(failed.value)
    WithoutValues().filter(record)
    assert SECRET not in JsonFormatter().format(record)


def test_another_fault_keeps_its_places() -> None:
    record = _record(RuntimeError("the machinery"))
    WithoutValues().filter(record)
    assert "RuntimeError: the machinery" in json.loads(JsonFormatter().format(record))["exception"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            'POST http://bob:s3cret@h:1/v1/chat?key=s3cret "HTTP/1.1 200 OK"',
            'POST http://h:1/v1/chat "HTTP/1.1 200 OK"',
        ),
        ("redis://:s3cret@h/0 and https://s3cret@h", "redis://h/0 and https://h"),
        ("a@b, 1 ? 2", "a@b, 1 ? 2"),
    ],
)
def test_an_address_is_logged_without_password_and_query(said: str, kept: str) -> None:
    record = logging.LogRecord("httpx2", logging.INFO, "file", 1, "Request: %s", (said,), None)
    WithoutCredentials().filter(record)
    assert record.getMessage() == f"Request: {kept}"


@pytest.mark.usefixtures("_handlers_are_put_back")
@pytest.mark.parametrize("environment", ["development", "production"])
def test_production_logs_one_json_object_a_line(environment: str, capsys: pytest.CaptureFixture[str]) -> None:
    strong = "S" * 40
    environ = {
        "DATABASE_URL": f"postgresql://u:{strong}@h/d",
        "REDIS_URL": f"redis://:{strong}@h",
        "SECRET_KEY": strong,
    }
    environ |= {"ENVIRONMENT": environment, "PUBLIC_URL": "https://sav.example", "FLOWER_BASIC_AUTH": f"f:{strong}"}
    logs.configure(load(environ))
    job_id, before = uuid4(), logs.request_id()
    with logs.about(job_id, "of-a-request"):
        logging.getLogger("here").warning("two\nlines")
    written = capsys.readouterr().err
    if environment == "production":
        line = json.loads(written)
        assert (line["message"], line["request"], line["job"]) == ("two\nlines", "of-a-request", str(job_id))
    else:
        assert written.endswith(f"WARNING here two\nlines request=of-a-request job={job_id}\n")
    assert logs.request_id() == before


@pytest.mark.parametrize(
    "given", [None, "", "short", "x" * 65, "two\nlines-of-it", "with spaces in", 'quote"d-quote"d']
)
def test_a_request_keeps_no_name_that_could_break_a_line(given: str | None) -> None:
    copy_context().run(lambda: _begins(given))


def _begins(given: str | None) -> None:
    made = logs.new_request(given)
    assert made != given
    assert logs.REQUEST_ID.fullmatch(made)
    assert logs.request_id() == made
    assert logs.new_request(made) == made
