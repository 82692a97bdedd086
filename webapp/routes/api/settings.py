"""The firm's choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.api import api
from webapp.routes.api.answers import reply
from webapp.routes.requests import body
from webapp.routes.schemas.people import FirmOut
from webapp.services import firm
from webapp.services.firm import Choices

if TYPE_CHECKING:
    from flask import Response


@api.get("/settings")
@access.staff
def read_settings() -> Response:
    return _firm()


@api.put("/settings")
@access.admin
def change_settings() -> Response:
    firm.change(db.session(), me().account_id, body(Choices))
    db.session.commit()
    return _firm()


def _firm() -> Response:
    version, choices = firm.current(db.session())
    return reply(FirmOut(version=version, choices=choices))
