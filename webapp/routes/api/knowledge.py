from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request

from webapp.domain import Audience, JobKind
from webapp.errors import InvalidError
from webapp.extensions import db
from webapp.routes import access, views
from webapp.routes.access import me
from webapp.routes.acts import documents as acts
from webapp.routes.answers import reply
from webapp.routes.api import api
from webapp.routes.requests import an_id, body, limit, read_cursor, write_cursor
from webapp.routes.schemas.knowledge import (
    DocumentAcceptedOut,
    DocumentListOut,
    DocumentOut,
    SearchAcceptedOut,
    SearchIn,
)
from webapp.services import documents, jobs

if TYPE_CHECKING:
    from webapp.models import Document

SEARCH_DEADLINE_S = 60


@api.post("/knowledge/documents")
@access.admin
def add_document() -> Response:
    request.max_content_length = acts.MAX_FORM_BYTES
    file = request.files.get("file")
    if file is None:
        raise InvalidError(field="file")
    audience = request.form.get("audience", Audience.PUBLIC.value)
    if audience not in list(Audience):
        raise InvalidError(field="audience")
    document, job_id = acts.store(file, Audience(audience), me().account_id)
    return reply(DocumentAcceptedOut(document=_out(document), job=views.job_by_id(job_id)), 202)


@api.get("/knowledge/documents", endpoint="documents")
@access.staff
def list_documents() -> Response:
    place, size = read_cursor(request.args.get("cursor")), limit()
    rows = documents.find(db.session(), before=place[1] if place else None, limit=size + 1)
    page, more = rows[:size], len(rows) > size
    counts = documents.count_passages(db.session(), [row.id for row in page])
    return reply(
        DocumentListOut(
            items=[views.document(row, counts.get(row.id, 0)) for row in page],
            next_cursor=write_cursor(page[-1].created_at, page[-1].id) if more else None,
        )
    )


@api.get("/knowledge/documents/<document_id>")
@access.staff
def document(document_id: str) -> Response:
    return reply(_out(documents.get(db.session(), an_id(document_id), staff=True)))


def _out(row: Document) -> DocumentOut:
    return views.document(row, documents.count_passages(db.session(), [row.id]).get(row.id, 0))


@api.delete("/knowledge/documents/<document_id>")
@access.admin
def delete_document(document_id: str) -> Response:
    acts.withdraw(an_id(document_id))
    return Response(status=204)


@api.get("/knowledge/index")
@access.staff
def index() -> Response:
    return reply(views.index())


@api.post("/knowledge/search")
@access.staff
def search() -> Response:
    wanted = body(SearchIn)
    job_id = jobs.enqueue(
        db.session(),
        JobKind.SEARCH,
        deadline_s=SEARCH_DEADLINE_S,
        requester_id=me().account_id,
        request={"query": wanted.query, "k": wanted.k},
    )
    db.session.commit()
    return reply(SearchAcceptedOut(job=views.job_by_id(job_id)), 202)
