from __future__ import annotations

from typing import TYPE_CHECKING

from flask import make_response, render_template, request

from webapp.domain import Audience
from webapp.errors import BusinessError, InvalidError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.acts import documents as acts
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import an_id, read_cursor, write_cursor
from webapp.routes.schemas.knowledge import DocumentListOut
from webapp.services import documents
from webapp.texts import say

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

PER_PAGE = 50
NOTICES = ("added", "deleted")


@pages.before_request
def _room_for_a_document() -> None:
    """Lift the size limit before the form is read for its CSRF field, for a signed-in sender alone."""
    if request.endpoint == "pages.add_document" and access.carries_token():
        request.max_content_length = acts.MAX_FORM_BYTES


@pages.get("/knowledge", endpoint="documents")
@access.staff
def list_documents() -> Response:
    return _show()


def _show(status: int = 200, error: str | None = None) -> Response:
    notice = request.args.get("notice")
    page = render_template(
        "knowledge.html",
        listing=_listing(),
        index=views.index(),
        notice=notice if notice in NOTICES else None,
        error=error,
    )
    return make_response(page, status)


def _listing() -> DocumentListOut:
    place = read_cursor(request.args.get("cursor"))
    rows = documents.find(db.session(), before=place[1] if place else None, limit=PER_PAGE + 1)
    page = rows[:PER_PAGE]
    counts = documents.count_passages(db.session(), [row.id for row in page])
    return DocumentListOut(
        items=[views.document(row, counts.get(row.id, 0)) for row in page],
        next_cursor=write_cursor(page[-1].created_at, page[-1].id) if len(rows) > PER_PAGE else None,
    )


@pages.post("/knowledge")
@access.admin
def add_document() -> BaseResponse:
    file, audience = request.files.get("file"), request.form.get("audience", Audience.PUBLIC.value)
    if file is None or not file.filename:
        return _show(422, say("pages.fault.file_missing", language()))
    if audience not in list(Audience):
        raise InvalidError(field="audience")
    try:
        acts.store(file, Audience(audience), me().account_id)
    except BusinessError as error:
        return refused(error, _show)
    return see("/knowledge?notice=added")


@pages.get("/knowledge/<document_id>/delete")
@access.admin
def confirm_delete(document_id: str) -> str:
    found = documents.get(db.session(), an_id(document_id), staff=True)
    return render_template("knowledge_delete.html", document=found)


@pages.post("/knowledge/<document_id>/delete")
@access.admin
def delete_document(document_id: str) -> BaseResponse:
    acts.withdraw(an_id(document_id))
    return see("/knowledge?notice=deleted")
