"""The state of the service, for staff; pauses and work that is stuck, for an admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.answers import reply, tagged, unchanged
from webapp.routes.api import api
from webapp.routes.requests import an_id, body, pausable
from webapp.routes.schemas.operations import PauseIn
from webapp.services import operations, pauses

if TYPE_CHECKING:
    from flask import Response


@api.get("/operations", endpoint="operations")
@access.staff
def read_operations() -> Response:
    state = views.state()
    tag = state.model_dump_json()
    return unchanged(tag) or tagged(state, tag)


@api.post("/operations/pauses")
@access.admin
def pause() -> Response:
    wanted = body(PauseIn)
    pauses.pause(db.session(), me().account_id, wanted.subject, wanted.reason)
    return _done()


@api.delete("/operations/pauses/<subject>")
@access.admin
def resume(subject: str) -> Response:
    pauses.resume(db.session(), me().account_id, pausable(subject))
    return _done()


@api.post("/operations/jobs/<job_id>/retry")
@access.admin
def retry_job(job_id: str) -> Response:
    operations.retry(db.session(), me().account_id, an_id(job_id))
    return _done()


@api.post("/operations/jobs/<job_id>/give_up")
@access.admin
def give_up_job(job_id: str) -> Response:
    operations.give_up(db.session(), me().account_id, an_id(job_id))
    return _done()


def _done() -> Response:
    db.session.commit()
    return reply(views.state())
