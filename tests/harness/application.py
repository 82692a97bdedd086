"""The web application in the test process: its settings, its migrations, its making and unmaking."""

from __future__ import annotations

import contextlib
import logging
import secrets
from typing import TYPE_CHECKING

import alembic.command
from sqlalchemy import create_engine

from launcher.ports import LOOPBACK, free_port
from tests.harness import commands
from webapp.models.engine import WORKER_STATEMENT_TIMEOUT_MS, connect_args
from webapp.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from sqlalchemy import Engine


def settings(database_url: str, redis_url: str, folder: Path, **environ: str) -> Settings:
    """Settings of a testing application; `environ` has variables as the environment names them."""
    given = {
        "ENVIRONMENT": "testing",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "HOST": LOOPBACK,
        "PORT": str(free_port()),
        "DATA_DIR": str(folder / "data"),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DEMO": "no",
    }
    return load(given | environ)


def with_driver(database_url: str) -> str:
    """The address as SQLAlchemy needs it."""
    return load({"DATABASE_URL": database_url, "REDIS_URL": "-", "SECRET_KEY": "-"}).database_url


def engine(database_url: str, pool_size: int = 1) -> Engine:
    """Connections as the workers make them; dispose of it."""
    arguments = connect_args(WORKER_STATEMENT_TIMEOUT_MS)
    return create_engine(with_driver(database_url), pool_size=pool_size, connect_args=arguments)


@contextlib.contextmanager
def created(of: Settings) -> Iterator[Flask]:
    """The application; its connections are closed at the end. It logs to pytest's handlers, as caplog expects."""
    from webapp.app import create_app  # noqa: PLC0415  # the tests of one room do not pay for importing the whole web

    root = logging.getLogger()
    handlers = root.handlers[:]
    app = create_app(of)
    root.handlers = handlers
    try:
        yield app
    finally:
        with app.app_context():
            for engine in app.extensions["sqlalchemy"].engines.values():
                engine.dispose()


def migrate(of: Settings) -> None:
    """Bring the database of these settings to the newest schema, as `flask db upgrade` does."""
    with created(of) as app, app.app_context():
        config = app.extensions["migrate"].migrate.get_config(str(commands.ROOT / "migrations"))
        alembic.command.upgrade(config, "head")
