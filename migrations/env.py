"""Migrations run one at a time, and give up rather than hold the application behind a lock."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import text

from webapp.models import Base

MIGRATION_LOCK = 7000
BOUNDS = "SET lock_timeout = '4s'; SET statement_timeout = '60s'"


def run() -> None:
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        connection.execute(text(BOUNDS))
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        context.configure(connection=connection, target_metadata=Base.metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()


run()
