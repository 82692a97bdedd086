from __future__ import annotations

from flask_jwt_extended import JWTManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Session

from webapp.models import Base

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
migrate = Migrate()
jwt = JWTManager()

STATEMENTS = "statements"


def statement() -> Session:
    """Return a session for one statement, which begins and ends by itself."""
    return Session(db.engines[STATEMENTS])
