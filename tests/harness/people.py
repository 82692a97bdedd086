"""Accounts that nobody can sign up for: people of the firm, put into the database as an administrator would."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from webapp.domain import Language, Role
from webapp.services import accounts


@dataclass(frozen=True, slots=True)
class Credentials:
    email: str
    password: str


def create_person(database_url: str, role: Role) -> Credentials:
    """A new account of that role; `database_url` names SQLAlchemy's driver, as the settings do."""
    person = Credentials(f"{role}-{secrets.token_hex(6)}@example.com", secrets.token_urlsafe(18))
    engine = create_engine(database_url)
    try:
        with Session(engine) as session, session.begin():
            accounts.register(
                session, person.email, person.password, name=f"{role} de test", role=role, locale=Language.FR
            )
    finally:
        engine.dispose()
    return person
