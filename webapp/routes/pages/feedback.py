"""What customers think: of a reply, of a closed case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.pages.addresses import local_path, see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.conversations import show_mine
from webapp.routes.pages.kept import gives_back
from webapp.routes.requests import an_id, checked
from webapp.routes.schemas.closing import ClosingFeedbackIn
from webapp.routes.schemas.messages import FeedbackIn
from webapp.services import conversations as cases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

SHOWING_REPLIES = ("/chat/", "/conversations/")


@pages.post("/messages/<message_id>/feedback")
@access.client
def feedback(message_id: str) -> BaseResponse:
    given = checked(FeedbackIn, {"rating": request.form.get("rating"), "comment": request.form.get("comment")})
    rated = cases.rate(db.session(), me(), an_id(message_id), given.rating, given.comment)
    conversation_id = rated.conversation_id
    db.session.commit()
    came_from = local_path(request.form.get("next")).partition("#")[0]
    shown = came_from if came_from.startswith(SHOWING_REPLIES) else f"/conversations/{conversation_id}"
    return see(f"{shown}#m-{message_id}")


@gives_back("pages.feedback", texts=("comment",))
def _give_comment_back(form: Mapping[str, str], message_id: str) -> Response:
    """The form names its conversation by the page it stood in alone."""
    conversation_id = form.get("next", "").rpartition("/")[2]
    return show_mine(conversation_id, said_of={message_id: form.get("comment", "")})


@gives_back("pages.closing_feedback", texts=("comment",), anchor="word")
def _give_word_back(form: Mapping[str, str], conversation_id: str) -> Response:
    return show_mine(conversation_id, word=form)


@pages.post("/conversations/<conversation_id>/closing_feedback")
@access.client
def closing_feedback(conversation_id: str) -> BaseResponse:
    form = request.form
    given = checked(ClosingFeedbackIn, {"rating": form.get("rating"), "comment": form.get("comment")})
    cases.rate_closing(db.session(), me(), an_id(conversation_id), given.rating, given.comment)
    db.session.commit()
    return see(f"/conversations/{conversation_id}#word")
