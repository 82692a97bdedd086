from __future__ import annotations

from typing import TYPE_CHECKING

from flask import render_template, request

from webapp.domain import Language
from webapp.errors import NotFoundError
from webapp.routes import access
from webapp.routes.locale import LANGUAGE_COOKIE
from webapp.routes.pages.addresses import local_path, see
from webapp.routes.pages.blueprint import pages

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

A_YEAR_S = 31_536_000


@pages.get("/privacy")
@access.anyone
def privacy() -> str:
    return render_template("privacy.html")


@pages.get("/legal")
@access.anyone
def legal() -> str:
    return render_template("legal.html")


@pages.get("/accessibility")
@access.anyone
def accessibility() -> str:
    return render_template("accessibility.html")


@pages.get("/language/<wanted>")
@access.anyone
def switch_language(wanted: str) -> BaseResponse:
    """Remember a language and come back; nothing of the account changes, so a plain link may do it."""
    if wanted not in list(Language):
        raise NotFoundError
    response = see(local_path(request.args.get("next")) or "/")
    remember_language(response, Language(wanted))
    return response


def remember_language(response: BaseResponse, wanted: Language) -> None:
    response.set_cookie(
        LANGUAGE_COOKIE, wanted.value, max_age=A_YEAR_S, samesite="Lax", httponly=True, secure=request.is_secure
    )
