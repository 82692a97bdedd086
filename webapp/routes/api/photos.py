from __future__ import annotations

import unicodedata
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import Response, request
from werkzeug.wsgi import wrap_file

from webapp.domain import FileVariant
from webapp.errors import InvalidError, NoFilesError, NotFoundError
from webapp.extensions import db
from webapp.media import MediaType
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.acts.messages import accept_with_files
from webapp.routes.answers import strong
from webapp.routes.api import api
from webapp.routes.api.chat import accepted_out
from webapp.routes.requests import an_id, form, key, number
from webapp.routes.schemas.photos import WithFilesIn
from webapp.routes.storage import PHOTOS, storage
from webapp.routes.uploads import FIELD, sent_files, takes_files
from webapp.services import photos

if TYPE_CHECKING:
    from webapp.models import Attachment, AttachmentFile

MAX_PAGE = 1000
SHOWN = {variant.value: variant for variant in (FileVariant.FULL, FileVariant.THUMB)}
SUFFIXES = {MediaType.JPEG: ".jpg", MediaType.PNG: ".png"}
KEPT_S = 600  # by the browser of whoever may see it; nobody else's cache keeps it
POLICY = "default-src 'none'; sandbox"


@api.post("/upload_images")
@access.client
@takes_files
def upload_images() -> Response:
    idempotency_key = key()
    wanted = form(WithFilesIn)
    files = sent_files()
    if not files:
        raise NoFilesError(field=FIELD)
    conversation_id = an_id(wanted.conversation_id) if wanted.conversation_id else None
    accepted = accept_with_files(wanted.message, conversation_id, idempotency_key, files)
    return accepted_out(accepted)


@api.get("/attachments/<attachment_id>")
@access.signed_in
def attachment(attachment_id: str) -> Response:
    found = photos.get(db.session(), me(), an_id(attachment_id))
    variant = SHOWN.get(request.args.get("variant") or FileVariant.FULL.value)
    if variant is None:
        raise InvalidError(field="variant")
    page = number("page", 1, low=1, high=MAX_PAGE)
    return _picture(found, photos.file_of(db.session(), found, variant, page))


def _picture(found: Attachment, file: AttachmentFile) -> Response:
    """A file never changes under its key, which is random: the key is all its entity tag is made of."""
    tag = strong(file.key)
    unchanged = request.if_none_match.contains_weak(tag)
    response = Response(status=HTTPStatus.NOT_MODIFIED) if unchanged else _streamed(file)
    response.set_etag(tag)
    response.headers["Cache-Control"] = f"private, max-age={KEPT_S}"
    response.headers["Content-Security-Policy"] = POLICY
    if not unchanged:
        response.headers["Content-Disposition"] = _disposition(found.name, file)
    return response


def _streamed(file: AttachmentFile) -> Response:
    if request.method == "HEAD":
        response = Response(mimetype=file.media_type)
    else:
        try:
            stream = storage(PHOTOS).open(file.key)
        except FileNotFoundError:
            raise NotFoundError from None
        response = Response(wrap_file(request.environ, stream), mimetype=file.media_type, direct_passthrough=True)
    response.content_length = file.size
    return response


def _disposition(name: str, file: AttachmentFile) -> str:
    """Its name as it was sent, with the suffix of what it became."""
    stem = PurePosixPath(name).stem + (f"-{file.page}" if file.page > 1 else "")
    shown = stem + SUFFIXES[MediaType(file.media_type)]
    plain = unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode().replace('"', "").replace("\\", "")
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"
