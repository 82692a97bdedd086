from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.harness import application
from tests.harness.waiting import wait_until
from webapp.models.engine import open_sessions

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine, TextClause

SETTING = text("SELECT setting, source FROM pg_settings WHERE name = :name")


def _setting(connection: Connection, name: str) -> tuple[str, str]:
    setting, source = connection.execute(SETTING, {"name": name}).one()
    return setting, source


PID = text("SELECT pg_backend_pid()")
CUT = text("SELECT pg_terminate_backend(:pid)")
TRANSACTION = text("SELECT pg_current_xact_id()::text")
ISOLATION = text("SHOW transaction_isolation")
LEFT = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")


def _ask(engine: Engine, question: TextClause, pid: object) -> object:
    with engine.connect() as connection:
        return connection.scalar(question, {"pid": pid})


def test_a_connection_that_was_hung_up_on_while_idle_costs_nobody_an_error(database_url: str) -> None:
    engine, watcher = application.engine(database_url), application.engine(database_url)
    with engine.connect() as connection:
        before = connection.scalar(PID)
    _ask(watcher, CUT, before)
    wait_until(lambda: _ask(watcher, LEFT, before) == 0, "the end of the connection")
    with engine.connect() as connection:
        assert connection.scalar(PID) != before
    engine.dispose()
    watcher.dispose()


def test_a_connection_cut_after_a_statement_leaves_its_place_in_the_pool(database_url: str, tmp_path: Path) -> None:
    """More often than the pool has places."""
    watcher = application.engine(database_url)
    sessions = open_sessions(application.settings(database_url, "redis://-", tmp_path), 1, autocommit=True)
    for _ in range(4):
        with sessions() as session:
            session.scalar(PID)
        with sessions() as session:
            before = session.scalar(PID)
            _ask(watcher, CUT, before)
            wait_until(lambda pid=before: _ask(watcher, LEFT, pid) == 0, "the end of the connection")
    sessions.kw["bind"].dispose()
    watcher.dispose()


def test_each_statement_stands_by_itself_where_nothing_is_begun(database_url: str, tmp_path: Path) -> None:
    sessions = open_sessions(application.settings(database_url, "redis://-", tmp_path), 1, autocommit=True)
    with sessions() as session:
        first = session.scalar(TRANSACTION)
        assert session.scalar(TRANSACTION) != first
        assert session.scalar(ISOLATION) == "read committed"
    sessions.kw["bind"].dispose()


def test_every_connection_brings_its_own_bounds(database_url: str) -> None:
    engine = application.engine(database_url)
    with engine.connect() as connection:
        assert _setting(connection, "statement_timeout") == ("30000", "client")
        assert _setting(connection, "jit") == ("off", "client")
        assert _setting(connection, "TimeZone") == ("UTC", "client")
    engine.dispose()
