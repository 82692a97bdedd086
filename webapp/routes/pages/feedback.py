"""What customers think: of a reply, of a closed case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.pages.addresses import local_path, see
from webapp.routes.pages.blueprint import pages
from webapp.routes.requests import an_id
from webapp.routes.schemas.closing import ClosingFeedbackIn
from webapp.routes.schemas.messages import FeedbackIn
from webapp.services import conversations as cases

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


@pages.post("/messages/<message_id>/feedback")
@access.client
def feedback(message_id: str) -> Response:
    given = FeedbackIn.model_validate({"rating": request.form.get("rating"), "comment": request.form.get("comment")})
    rated = cases.rate(db.session(), me(), an_id(message_id), given.rating, given.comment)
    conversation_id = rated.conversation_id
    db.session.commit()
    came_from = local_path(request.form.get("next")).partition("#")[0]
    return see(f"{came_from or f'/conversations/{conversation_id}'}#m-{message_id}")


@pages.post("/conversations/<conversation_id>/closing_feedback")
@access.client
def closing_feedback(conversation_id: str) -> Response:
    form = request.form
    given = ClosingFeedbackIn.model_validate({"rating": form.get("rating"), "comment": form.get("comment")})
    cases.rate_closing(db.session(), me(), an_id(conversation_id), given.rating, given.comment)
    db.session.commit()
    return see(f"/conversations/{conversation_id}#word")
