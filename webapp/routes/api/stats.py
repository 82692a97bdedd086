"""Figures of the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from webapp.routes import access, views
from webapp.routes.answers import reply
from webapp.routes.api import api

if TYPE_CHECKING:
    from flask import Response


@api.get("/stats")
@access.staff
def figures() -> Response:
    return reply(views.stats(request.args.get("period", "month")))
