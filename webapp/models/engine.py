"""How every process connects to PostgreSQL: bounded waits everywhere, so that nothing hangs on a sick server."""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any

import psycopg2
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import Pool

if TYPE_CHECKING:
    from sqlalchemy.engine import ExceptionContext

    from webapp.settings import Settings

WEB_STATEMENT_TIMEOUT_MS = 5_000
WORKER_STATEMENT_TIMEOUT_MS = 30_000
# feature_not_supported: a plan whose columns a migration changed; invalid_sql_statement_name: somebody discarded it;
# duplicate_prepared_statement: a pooler gave the connection on.
STALE_STATEMENT = ("0A000", "26000", "42P05")


def connect_args(statement_timeout_ms: int, lock_timeout_ms: int = 0) -> dict[str, Any]:
    """Return how to connect; without a `lock_timeout_ms` a lock is waited for as long as a statement may take."""
    return {
        "connect_timeout": 3,
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
        # jit: where PostgreSQL can compile statements it does so for a second, ours take milliseconds.
        "options": f"-c statement_timeout={statement_timeout_ms} -c lock_timeout={lock_timeout_ms}"
        " -c idle_in_transaction_session_timeout=30000 -c timezone=UTC -c jit=off",
    }


def engine_options(pool_size: int, statement_timeout_ms: int, lock_timeout_ms: int = 0) -> dict[str, Any]:
    """Return how to make an engine; `AUTOCOMMIT` beside them makes one where nothing is begun and nothing committed."""
    return {
        "pool_size": pool_size,
        "max_overflow": 2,
        "pool_timeout": 5,
        "hide_parameters": True,  # they are what people wrote, and errors get logged
        "connect_args": connect_args(statement_timeout_ms, lock_timeout_ms),
    }


@event.listens_for(Pool, "checkout")
def _notice_hangup(connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401  psycopg2 has no types
    """Follow a connection that its server closed meanwhile by a new one, without asking the server each time.

    An idle connection has nothing to read but its end. One that a network swallowed without a word is noticed by
    tcp_user_timeout, as it would be by a question.
    """
    waiting = select.poll()
    try:
        waiting.register(connection, select.POLLIN)
    except psycopg2.InterfaceError:
        raise DisconnectionError from None
    if waiting.poll(0):
        raise DisconnectionError


@event.listens_for(Engine, "handle_error")
def _forget_stale_statements(context: ExceptionContext) -> None:
    """Take a connection whose prepared statements are not what it remembers for a lost one: the next starts afresh."""
    if getattr(context.original_exception, "pgcode", None) in STALE_STATEMENT:
        context.is_disconnect = True


# Of a whole engine alone: a connection that is turned back when it is returned asks its server to do so, and is lost to
# its pool when that has just gone.
AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT"}


def open_sessions(
    settings: Settings, pool_size: int, lock_timeout_ms: int = 0, *, autocommit: bool = False
) -> sessionmaker[Session]:
    """Return the session factory of a process that is no web process."""
    options = engine_options(pool_size, WORKER_STATEMENT_TIMEOUT_MS, lock_timeout_ms)
    engine = create_engine(settings.database_url, **options, **(AUTOCOMMIT if autocommit else {}))
    return sessionmaker(engine, expire_on_commit=False)
