"""A connection that is lost between the last statement of a request and its end takes no answer with it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from flask import Flask, request_finished
from sqlalchemy import event
from sqlalchemy.exc import ProgrammingError

from tests.harness.servers import query
from webapp.app import WEB_THREADS
from webapp.extensions import db

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from tests.harness.api import ApiClient

ASKED = 2 * WEB_THREADS  # more often than the pool has places


class Cutter:
    def __init__(self, database_url: str) -> None:
        self._database_url = database_url
        self.cut: set[int] = set()

    def cut_off(self, connection: Connection) -> None:
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]  # it is open
        query(self._database_url, "SELECT pg_terminate_backend(%s, 5000)", [pid])
        self.cut.add(pid)

    @contextlib.contextmanager
    def before_the_end(self, app: Flask) -> Iterator[None]:
        """Cut the connection of a transaction that is open when the answer is made."""

        def finished(_app: Flask, **_: object) -> None:
            if db.session.registry.has() and db.session().in_transaction():
                self.cut_off(db.session.connection())

        with request_finished.connected_to(finished, app):
            yield

    @contextlib.contextmanager
    def after_a_look_for_a_case(self, app: Flask) -> Iterator[None]:
        def executed(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
            if "FROM conversation" in statement:
                self.cut_off(connection)

        with app.app_context():
            engine = db.engine
        event.listen(engine, "after_cursor_execute", executed)
        try:
            yield
        finally:
            event.remove(engine, "after_cursor_execute", executed)


def test_an_answer_is_the_one_that_was_made(client: ApiClient, app: Flask, database_url: str) -> None:
    cutter = Cutter(database_url)
    with cutter.before_the_end(app):
        answers = [client.get("/api/conversations") for _ in range(ASKED)]
    assert [answer.status_code for answer in answers] == [200] * ASKED
    assert len(cutter.cut) == ASKED
    assert client.get("/api/conversations").status_code == 200


def test_a_refusal_is_the_one_that_was_made(client: ApiClient, app: Flask, database_url: str) -> None:
    cutter = Cutter(database_url)
    with cutter.after_a_look_for_a_case(app):
        answers = [client.get(f"/api/conversations/{uuid4()}") for _ in range(ASKED)]
    assert [answer.status_code for answer in answers] == [404] * ASKED
    assert len(cutter.cut) == ASKED
    assert client.get("/api/conversations").status_code == 200


@pytest.mark.parametrize("end", ["rollback", "close"])
def test_a_fault_at_the_end_that_is_no_lost_connection_is_heard(app: Flask, end: str) -> None:
    def ask_nonsense(connection: Connection) -> None:
        connection.exec_driver_sql("SELECT no_such_column")

    with app.app_context():
        connection = db.session.connection()
        event.listen(db.engine, "rollback", ask_nonsense)
        try:
            with pytest.raises(ProgrammingError):
                getattr(db.session, end)()
        finally:
            event.remove(db.engine, "rollback", ask_nonsense)
        connection.close()
        assert db.session.connection().exec_driver_sql("SELECT 1").scalar() == 1
