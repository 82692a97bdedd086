"""Migrations run up and down, one at a time, and arrive at exactly what the models say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import alembic.command
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from tests.harness import application, commands
from tests.harness.servers import query
from webapp.models import Base

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alembic.config import Config

    from tests.harness.servers import Servers

EVERYTHING = """
SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND conrelid <> coalesce(to_regclass('alembic_version')::oid, 0::oid)
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
UNION ALL SELECT concat_ws(' ', sequencename, max_value, cycle) FROM pg_sequences WHERE schemaname = 'public'
UNION ALL SELECT concat_ws(' ', relname, relpersistence) FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
UNION ALL SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
"""


@pytest.fixture
def empty(servers: Servers) -> Iterator[str]:
    yield servers.create_database("migrations")
    servers.drop_database("migrations")


@pytest.fixture
def config(empty: str, servers: Servers, tmp_path: Path) -> Iterator[Config]:
    with application.created(application.settings(empty, servers.redis_url, tmp_path)) as app, app.app_context():
        yield app.extensions["migrate"].migrate.get_config(str(commands.ROOT / "migrations"))


def _schema(url: str) -> set[object]:
    return {row[0] for row in query(url, EVERYTHING)}


def test_each_migration_runs_up_down_and_up_again(config: Config, empty: str) -> None:
    nothing = _schema(empty)
    scripts = ScriptDirectory.from_config(config)
    revisions = [script.revision for script in reversed(list(scripts.walk_revisions()))]
    assert revisions
    assert len(scripts.get_heads()) == 1
    for revision in revisions:
        before = _schema(empty)
        alembic.command.upgrade(config, revision)
        after = _schema(empty)
        assert after != before
        alembic.command.downgrade(config, "-1")
        assert _schema(empty) == before
        alembic.command.upgrade(config, revision)
        assert _schema(empty) == after
    alembic.command.downgrade(config, "base")
    assert _schema(empty) == nothing


def test_the_newest_schema_is_that_of_the_models(config: Config, empty: str, servers: Servers) -> None:
    alembic.command.upgrade(config, "head")
    alembic.command.check(config)
    of_models = servers.create_database("models")
    engine = create_engine(application.with_driver(of_models))
    Base.metadata.create_all(engine)
    engine.dispose()
    assert _schema(empty) == _schema(of_models)
    servers.drop_database("models")
