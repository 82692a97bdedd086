from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.harness import application

if TYPE_CHECKING:
    from sqlalchemy import Connection

SETTING = text("SELECT setting, source FROM pg_settings WHERE name = :name")


def _setting(connection: Connection, name: str) -> tuple[str, str]:
    setting, source = connection.execute(SETTING, {"name": name}).one()
    return setting, source


def test_every_connection_brings_its_own_bounds(database_url: str) -> None:
    engine = application.engine(database_url)
    with engine.connect() as connection:
        assert _setting(connection, "statement_timeout") == ("30000", "client")
        assert _setting(connection, "jit") == ("off", "client")
        assert _setting(connection, "TimeZone") == ("UTC", "client")
    engine.dispose()
