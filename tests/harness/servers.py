"""The PostgreSQL and the Valkey a test run works on, and the databases made in them."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import redis
from psycopg2 import sql

from launcher.embedded import PostgresServer, ValkeyServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SAFE_NAME = re.compile(r"[^a-z0-9_]")


class Servers:
    """Embedded servers of our own, or given ones when TEST_DATABASE_URL and TEST_REDIS_URL are both set.

    `postgres` and `valkey` are None for given servers: those are not ours to stop. `name` keeps the databases of
    parallel runs apart (gw0, gw1, ...), its number the Redis databases.
    """

    def __init__(self, folder: Path, name: str, *, durable: bool, environ: Mapping[str, str] = os.environ) -> None:
        self.name = SAFE_NAME.sub("_", name.lower())
        self._given = (environ.get("TEST_DATABASE_URL"), environ.get("TEST_REDIS_URL"))
        own = not all(self._given)
        self.postgres = PostgresServer(folder / "postgres", durable=durable) if own else None
        self.valkey = ValkeyServer(folder / "valkey") if own else None

    @property
    def database_url(self) -> str:
        """The database to create others from."""
        return self.postgres.url if self.postgres else _plain(str(self._given[0]))

    @property
    def redis_url(self) -> str:
        if self.valkey:
            return self.valkey.url
        number = int(re.sub(r"\D", "", self.name) or 0) + 1
        return urlunsplit(urlsplit(str(self._given[1]))._replace(path=f"/{number}"))

    def start(self) -> None:
        for server in (self.postgres, self.valkey):
            if server:
                server.start()

    def stop(self) -> None:
        for server in (self.valkey, self.postgres):
            if server:
                server.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create database `name` afresh, a copy of `template` when given; its address."""
        full = self._full(name)
        self.drop_database(name)
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(full))
        if template is not None:
            self.disconnect(template)
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(self._full(template)))
        self._execute(statement)
        return urlunsplit(urlsplit(self.database_url)._replace(path=f"/{full}"))

    def drop_database(self, name: str) -> None:
        """Drop it, ending the sessions in it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(self._full(name)))
        try:
            self._execute(drop + sql.SQL(" WITH (FORCE)"))
        except psycopg2.errors.InsufficientPrivilege:  # of autovacuum, which yields to a plain drop
            self.disconnect(name)
            self._execute(drop)

    def disconnect(self, name: str) -> None:
        """End every session of a database; a template must have none."""
        self._execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            [self._full(name)],
        )

    def flush_redis(self) -> None:
        with contextlib.closing(redis.Redis.from_url(self.redis_url)) as connection:
            connection.flushdb()

    def _full(self, name: str) -> str:
        return f"sav_test_{self.name}_{name}"

    def _execute(self, statement: str | sql.Composable, values: Sequence[object] = ()) -> None:
        with _connected(self.database_url) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)


def query(database_url: str, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
    """Run one statement on a connection of its own, committed; its rows, none for a statement without."""
    with _connected(_plain(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return [] if cursor.description is None else cursor.fetchall()


@contextlib.contextmanager
def _connected(url: str) -> Iterator[psycopg2.extensions.connection]:
    with contextlib.closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        yield connection


def _plain(url: str) -> str:
    """The address as libpq reads it, without SQLAlchemy's driver name."""
    return re.sub(r"^\w+(\+\w+)?://", "postgresql://", url)
