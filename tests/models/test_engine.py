from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.harness import application
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, TextClause

SETTING = text("SELECT setting, source FROM pg_settings WHERE name = :name")


def _setting(connection: Connection, name: str) -> tuple[str, str]:
    setting, source = connection.execute(SETTING, {"name": name}).one()
    return setting, source


PID = text("SELECT pg_backend_pid()")
CUT = text("SELECT pg_terminate_backend(:pid)")
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


def test_every_connection_brings_its_own_bounds(database_url: str) -> None:
    engine = application.engine(database_url)
    with engine.connect() as connection:
        assert _setting(connection, "statement_timeout") == ("30000", "client")
        assert _setting(connection, "jit") == ("off", "client")
        assert _setting(connection, "TimeZone") == ("UTC", "client")
    engine.dispose()
