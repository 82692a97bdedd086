"""A summary corrected by whoever knows better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from webapp.domain import SummaryFields
from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.requests import an_id
from webapp.routes.schemas.closing import SummaryFieldsIn, SummaryIn
from webapp.services import conversations as cases
from webapp.services import summaries

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@pages.post("/conversations/<conversation_id>/summary")
@access.staff
def edit_summary(conversation_id: str) -> Response:
    given = SummaryIn.model_validate({"summary": request.form.get("summary", "").replace("\r\n", "\n")})
    told = {name: request.form.get(name) or None for name in SummaryFieldsIn.model_fields}
    fields = SummaryFields(**SummaryFieldsIn.model_validate(told).model_dump())
    conversation = cases.lock_visible(db.session(), me(), an_id(conversation_id))
    summaries.edit(db.session(), conversation, given.summary, fields)
    db.session.commit()
    return see(f"/conversations/{conversation_id}?saved=1#case")
