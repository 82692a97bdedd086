"""Bringing documents into the knowledge, and withdrawing them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.domain import MAX_DOCUMENT_BYTES
from webapp.extensions import db
from webapp.routes import storage as opened
from webapp.services import documents

if TYPE_CHECKING:
    from uuid import UUID

    from werkzeug.datastructures import FileStorage

    from webapp.domain import Audience
    from webapp.models import Document
    from webapp.storage import Storage

MAX_FORM_BYTES = MAX_DOCUMENT_BYTES + 64 * 1024


def store(file: FileStorage, audience: Audience, author: UUID | None) -> tuple[Document, UUID]:
    """Keep an uploaded file and queue its reading; the same file again changes nothing."""
    document, job_id = documents.store(
        db.session(), _storage(), file.stream, filename=_name(file.filename or ""), audience=audience, author=author
    )
    db.session.commit()
    return document, job_id


def _storage() -> Storage:
    return opened.storage(opened.DOCUMENTS)


def _name(given: str) -> str:
    """Return the name of a file without its folders, and without characters that hide or reorder it."""
    name = given.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in name if character.isprintable()).strip()[:255]


def withdraw(document_id: UUID) -> None:
    """Withdraw a document; its file goes now, or with the next sweep.

    Raises:
        NotFoundError: there is none.
    """
    storage_key = documents.withdraw(db.session(), document_id)
    db.session.commit()
    _storage().discard(storage_key)
