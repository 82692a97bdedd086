"""What somebody may ask about herself."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

from flask import Response
from flask_jwt_extended import unset_jwt_cookies

from webapp.extensions import db
from webapp.routes import access, passwords
from webapp.routes.access import me
from webapp.routes.api import api
from webapp.routes.api.answers import reply
from webapp.routes.requests import body
from webapp.routes.schemas.profile import ErasedOut, EraseIn, ProfileIn, ProfileOut
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
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, about in privacy.everything_about(db.session(), me().account_id):
            archive.writestr(f"{name}.json", json.dumps(about, ensure_ascii=False, indent=2, default=str))
    response = Response(packed.getvalue(), mimetype="application/zip")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.zip"'
    return response


@api.delete("/me")
@access.client
def erase_me() -> Response:
    erase(body(EraseIn).password)
    response = reply(ErasedOut(erased=True), 202)
    unset_jwt_cookies(response)
    return response


def erase(password: str) -> None:
    """Forget the customer who calls.

    Raises:
        WrongPasswordError: it is not hers.
        TooManyError: too many tries.
    """
    passwords.confirm(password)
    privacy.erase(db.session(), me().account_id)
    db.session.commit()
