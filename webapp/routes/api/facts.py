from __future__ import annotations

from flask import Response

from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.api import api
from webapp.routes.requests import an_id, body
from webapp.routes.schemas.facts import FactIn
from webapp.services import facts


@api.post("/facts/<fact_id>")
@access.client
def decide_fact(fact_id: str) -> Response:
    wanted = body(FactIn)
    facts.decide(db.session(), me(), an_id(fact_id), confirmed=wanted.confirmed)
    db.session.commit()
    return Response(status=204)
