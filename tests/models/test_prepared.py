from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.harness import application
from webapp.models.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

SAID = Prepared(
    "said_twice", "SELECT :id AS id, :word || :word AS said, CAST(:id AS uuid)::text AS id_text", id="uuid", word="text"
)
CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database()"
)
PREPARED = text("SELECT count(*) FROM pg_prepared_statements WHERE name = 'said_twice'")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = application.engine(database_url)
    yield engine
    engine.dispose()


def _say(session: Session, word: str) -> str:
    """The word twice, as PostgreSQL gives it back."""
    row = SAID.execute(session, {"id": uuid4(), "word": word}).one()
    assert (type(row.id), str(row.id)) == (UUID, row.id_text)
    return str(row.said)


def test_a_statement_is_prepared_once_a_connection_and_survives_a_rollback(engine: Engine) -> None:
    with Session(engine) as session:
        assert _say(session, "a") == "aa"
        session.rollback()
        assert _say(session, "it's 100 % so") == "it's 100 % so" * 2
        assert session.scalar(PREPARED) == 1
        with Session(engine) as other:
            assert other.scalar(PREPARED) == 0
            assert _say(other, "b") == "bb"


def test_a_connection_that_was_lost_is_followed_by_one_that_prepares_anew(engine: Engine) -> None:
    with Session(engine) as session, Session(engine) as killer:
        _say(session, "a")
        killer.execute(CUT)
        with pytest.raises(DBAPIError):
            _say(session, "b")
    with Session(engine) as session:
        assert _say(session, "c") == "cc"


def test_none_is_null(engine: Engine) -> None:
    with Session(engine) as session:
        row = SAID.execute(session, {"id": None, "word": "a"}).one()
        assert (row.id, row.said, row.id_text) == (None, "aa", None)


@pytest.mark.parametrize("what", ["DISCARD ALL", "PREPARE said_twice AS SELECT 1"])
def test_a_connection_that_is_not_as_remembered_is_given_up(engine: Engine, what: str) -> None:
    """A pooler forgets statements, or gives on a connection that has them."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        if what.startswith("DISCARD"):
            _say(Session(connection), "a")
        connection.rollback()
        raw.autocommit = True
        raw.cursor().execute(what)
        raw.autocommit = False
    with Session(engine) as session, pytest.raises(DBAPIError) as failed:
        _say(session, "b")
    assert failed.value.connection_invalidated
    with Session(engine) as session:
        assert _say(session, "c") == "cc"


def test_a_column_that_changes_its_type_costs_one_statement(engine: Engine) -> None:
    every = Prepared("every", "SELECT changing.*, :id AS id FROM changing", id="uuid")
    with Session(engine) as session:
        session.execute(text("CREATE TABLE changing (one integer)"))
        every.execute(session, {"id": None})
        session.execute(text("ALTER TABLE changing ALTER one TYPE bigint"))
        session.commit()
        with pytest.raises(DBAPIError):
            every.execute(session, {"id": None})
    with Session(engine) as session:
        assert every.execute(session, {"id": None}).all() == []
