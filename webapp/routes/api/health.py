from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, current_app
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from webapp.domain import IndexState, Queue
from webapp.extensions import db
from webapp.routes import access
from webapp.routes.answers import reply
from webapp.routes.schemas.health import HealthOut, ReadyOut
from webapp.services import knowledge, supervision

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

health = Blueprint("health", __name__)

Check = Literal["ok", "degraded", "failed"]
INDEX_CHECKS: dict[IndexState, Check] = {
    IndexState.FRESH: "ok",
    IndexState.BUILDING: "degraded",
    IndexState.FAILED: "failed",
}


@health.get("/healthz")
@access.anyone
def healthz() -> Response:
    return reply(HealthOut(status="ok"))


@health.get("/readyz")
@access.anyone
def readyz() -> Response:
    checks = _checks()
    serving = checks["database"] == "ok" and checks["migrations"] == "ok"
    response = reply(ReadyOut(checks=checks), 200 if serving else 503)
    if not serving:
        response.headers["Retry-After"] = "5"
    return response


def _checks() -> dict[str, Check]:
    failed: Check = "failed"
    checks = dict.fromkeys(("database", "migrations", "dispatcher", "workers", "index"), failed)
    try:
        db.session.execute(text("SELECT 1"))
        checks["database"] = "ok"
        checks["migrations"] = "ok" if _is_migrated(db.session()) else "failed"
        if checks["migrations"] == "ok":
            checks |= _parts(db.session())
    except SQLAlchemyError as error:
        current_app.logger.error("readiness: %s", type(error).__name__)  # noqa: TRY400  the kind says it all
        db.session.rollback()
    return checks


def _parts(session: Session) -> dict[str, Check]:
    dispatcher, queues = supervision.held_locks(session)
    some: Check = "degraded" if queues else "failed"
    return {
        "dispatcher": "ok" if dispatcher else "failed",
        "workers": "ok" if queues == set(Queue) else some,
        "index": INDEX_CHECKS[knowledge.index_status(session).state],
    }


def _is_migrated(session: Session) -> bool:
    known = session.execute(text("SELECT to_regclass('alembic_version')")).scalar()
    if known is None:
        return False
    return session.execute(text("SELECT version_num FROM alembic_version")).scalar() == _head()


@cache
def _head() -> str | None:
    config = Config()
    config.set_main_option("script_location", str(current_app.config["MIGRATIONS"]))
    return ScriptDirectory.from_config(config).get_current_head()
