from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session
from sqlalchemy import orm
from sqlalchemy.exc import DBAPIError

from webapp.models import Base

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)

STATEMENTS = "statements"


class RequestSession(Session):
    """A session whose end asks nothing of a server that has gone: what was not committed is undone with it."""

    def rollback(self) -> None:
        with _undone():
            super().rollback()

    def close(self) -> None:
        with _undone():
            super().close()


@contextmanager
def _undone() -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        log.warning("the database was away at the end of a transaction: %s", type(error.orig).__name__)


db = SQLAlchemy(model_class=Base, session_options={"class_": RequestSession, "expire_on_commit": False})
migrate = Migrate()
jwt = JWTManager()


def statement() -> orm.Session:
    """Return a session for one statement, which begins and ends by itself."""
    return orm.Session(db.engines[STATEMENTS])
