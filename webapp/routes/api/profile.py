"""What somebody may ask about herself."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from flask import Response, request
from flask_jwt_extended import unset_jwt_cookies
from werkzeug.wsgi import wrap_file

from webapp.extensions import db
from webapp.routes import access, workshop
from webapp.routes.access import me
from webapp.routes.acts.privacy import erase
from webapp.routes.answers import reply
from webapp.routes.api import api
from webapp.routes.requests import body
from webapp.routes.schemas.profile import ErasedOut, EraseIn, ProfileIn, ProfileOut
from webapp.routes.storage import PHOTOS, storage
from webapp.services import privacy

if TYPE_CHECKING:
    from webapp.models import Account


@api.get("/me")
@access.signed_in
def my_profile() -> Response:
    return reply(_profile(privacy.profile(db.session(), me().account_id)))


@api.patch("/me")
@access.client
def change_my_profile() -> Response:
    wanted = body(ProfileIn).model_dump(exclude_none=True)
    account = privacy.change_profile(db.session(), me().account_id, wanted)
    db.session.commit()
    return reply(_profile(account))


def _profile(account: Account) -> ProfileOut:
    return ProfileOut.model_validate(account, from_attributes=True)


@api.get("/me/export")
@access.client
def export_me() -> Response:
    packed = workshop.temporary_file()
    try:
        _pack(packed)
        size = packed.tell()
        packed.seek(0)
    except Exception:
        packed.close()
        raise
    response = Response(wrap_file(request.environ, packed), mimetype="application/zip", direct_passthrough=True)
    response.content_length = size
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    return response


def _pack(packed: IO[bytes]) -> None:
    """Write all that is kept about who calls; pictures are packed already, and one that is gone is left out."""
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, about in privacy.everything_about(db.session(), me().account_id):
            archive.writestr(f"{name}.json", json.dumps(about, ensure_ascii=False, indent=2, default=str))
        pictures = list(privacy.pictures_about(db.session(), me().account_id))
        db.session.rollback()  # a transaction is not kept open while storage is waited for
        for name, key in pictures:
            entry = zipfile.ZipInfo(name, _now())
            with suppress(FileNotFoundError), storage(PHOTOS).open(key) as file, archive.open(entry, "w") as place:
                shutil.copyfileobj(file, place)
    packed.seek(0, io.SEEK_END)


def _now() -> tuple[int, int, int, int, int, int]:
    at = datetime.now(UTC)
    return at.year, at.month, at.day, at.hour, at.minute, at.second


@api.delete("/me")
@access.client
def erase_me() -> Response:
    erase(body(EraseIn).password)
    response = reply(ErasedOut(erased=True), 202)
    unset_jwt_cookies(response)
    return response
