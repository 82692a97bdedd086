"""Customers who are signed in already: their rows and their cookies, without a password that costs time."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from benchmarks.load import request
from webapp.domain import Role
from webapp.models import Account, SignIn
from webapp.routes.access import SIGN_IN_CLAIM

if TYPE_CHECKING:
    from collections.abc import Mapping

NOBODYS = "!"  # no password has this digest
QUESTION = "Combien de temps dure la garantie des volets roulants Altair ?"


def signed_in(environ: Mapping[str, str], count: int) -> list[dict[str, str]]:
    """Headers of `count` new customers of the application that runs in `environ`."""
    made = Flask(__name__)
    made.config.from_mapping(JWT_SECRET_KEY=environ["SECRET_KEY"], JWT_ACCESS_TOKEN_EXPIRES=7200)
    JWTManager(made)
    with made.app_context():
        return [_headers(environ["PORT"], *ids) for ids in _rows(environ["DATABASE_URL"], count)]


def _rows(database_url: str, count: int) -> list[tuple[str, str]]:
    engine = create_engine(database_url.replace("postgresql://", "postgresql+psycopg2://"))
    with Session(engine) as session:
        people = [
            Account(
                id=uuid7(),
                email=f"{secrets.token_hex(9)}@example.com",
                name="Camille Martin",
                role=Role.CLIENT,
                password_hash=NOBODYS,
            )
            for _ in range(count)
        ]
        session.add_all(people)
        session.flush()
        opened = [SignIn(id=uuid7(), account_id=person.id, refresh_id=uuid7()) for person in people]
        session.add_all(opened)
        session.commit()
        found = [(str(each.account_id), str(each.id)) for each in opened]
    engine.dispose()
    return found


def _headers(port: str, account_id: str, sign_in_id: str) -> dict[str, str]:
    csrf = secrets.token_hex(32)
    token = create_access_token(account_id, additional_claims={SIGN_IN_CLAIM: sign_in_id, "csrf": csrf})
    return {"Cookie": f"{port}_access_token={token}; {port}_csrf_access_token={csrf}", "X-CSRF-TOKEN": csrf}


def asking(headers: dict[str, str], path: str = "/api/chat") -> str:
    return request("POST", path, {**headers, "Idempotency-Key": "{KEY}"}, json.dumps({"message": QUESTION}))


def polling(headers: dict[str, str]) -> str:
    return request("GET", "/api/jobs/{JOB}", {**headers, "If-None-Match": "{TAG}"})
