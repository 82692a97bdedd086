"""The firm's choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.answers import reply
from webapp.routes.api import api
from webapp.routes.requests import body
from webapp.routes.schemas.people import FirmIn, FirmOut
from webapp.services import firm

if TYPE_CHECKING:
    from flask import Response


@api.get("/settings")
@access.staff
def read_settings() -> Response:
    return _firm()


@api.put("/settings")
@access.admin
def change_settings() -> Response:
    wanted = body(FirmIn)
    firm.change(db.session(), me().account_id, wanted.choices, seen=wanted.version)
    db.session.commit()
    return _firm()


def _firm() -> Response:
    version, choices = firm.current(db.session())
    return reply(FirmOut(version=version, choices=choices))
