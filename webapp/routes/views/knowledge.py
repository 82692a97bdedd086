"""Documents and the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.extensions import db
from webapp.routes.schemas.knowledge import DocumentOut, IndexOut
from webapp.routes.views.reasons import reason
from webapp.services import knowledge

if TYPE_CHECKING:
    from webapp.models import Document


def document(row: Document, passages: int) -> DocumentOut:
    return DocumentOut(
        id=row.id,
        title=row.title,
        filename=row.filename,
        audience=row.audience,
        language=row.language,
        state=row.state,
        reason=reason("documents", row.error_code) if row.error_code else None,
        page_count=row.page_count,
        passages=passages,
        size=row.size,
        created_at=row.created_at,
        published_at=row.published_at,
    )


def index() -> IndexOut:
    status = knowledge.index_status(db.session())
    return IndexOut(
        version=status.version,
        state=status.state,
        chunks=status.chunks,
        built_at=status.built_at,
        error=reason("documents", status.error_code) if status.error_code else None,
    )
