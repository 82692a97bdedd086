"""One-time links: the page where a password is chosen, and where somebody who forgot hers asks for a link."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from flask import g, make_response, render_template, request

from webapp.errors import BusinessError, LinkSpentError
from webapp.extensions import db
from webapp.routes import access, sessions
from webapp.routes.acts import passwords
from webapp.routes.locale import language
from webapp.routes.pages.addresses import home_path, see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, checked
from webapp.routes.schemas.profile import EmailIn, PasswordIn
from webapp.services import accounts, people
from webapp.texts import say

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

FORM_COOKIE = "welcome_form"
AN_HOUR_S = 3600


@pages.get("/welcome/<secret>")
@access.anyone
def welcome(secret: str) -> Response:
    return _show(secret)


def _show(secret: str, status: int = 200, error: str | None = None) -> Response:
    try:
        account = people.look_at_link(db.session(), secret)
    except LinkSpentError as spent:
        return refused(spent, _spent)
    token = secrets.token_urlsafe(24)
    page = render_template("welcome.html", email=account.email, name=account.name, token=token, error=error)
    response = _unnamed(make_response(page, status))
    response.set_cookie(
        FORM_COOKIE,
        token,
        max_age=AN_HOUR_S,
        path="/welcome",
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )
    return response


def _spent(status: int, error: str) -> Response:
    return _unnamed(make_response(render_template("welcome_spent.html", detail=error), status))


def _unnamed(response: Response) -> Response:
    """Keep the link's address from the pages it leads to."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@pages.post("/welcome/<secret>")
@access.anyone
def choose_password(secret: str) -> BaseResponse:
    _refuse_other_sites()
    try:
        chosen = checked(PasswordIn, {"password": request.form.get("password", "")})
        opened = passwords.open_link(secret, chosen.password)
    except WrongInputError:
        return _show(secret, 422, say("pages.fault.password", language()))
    except LinkSpentError as spent:
        return refused(spent, _spent)
    g.identity = accounts.identify(db.session(), opened.sign_in_id)
    response = make_response(see(home_path()))
    sessions.set_cookies(response, opened.account.id, opened.sign_in_id, opened.refresh_id)
    response.delete_cookie(FORM_COOKIE, path="/welcome")
    return _unnamed(response)


def _refuse_other_sites() -> None:
    """Refuse a form of another site.

    A page that names no referrer has no origin either: browsers that say nothing of the site, as they do without TLS,
    prove by a cookie of ours that the form was ours.
    """
    given, known = request.form.get("token", ""), request.cookies.get(FORM_COOKIE, "")
    ours = bool(known) and hmac.compare_digest(given.encode(), known.encode())
    if not (ours and request.headers.get("Origin") == "null" and "Sec-Fetch-Site" not in request.headers):
        sessions.refuse_other_sites()


@pages.get("/forgot")
@access.anyone
def forgotten() -> Response:
    return _ask()


def _ask(status: int = 200, error: str | None = None, *, sent: bool = False) -> Response:
    fields = {"email": request.form.get("email", ""), "error": error, "sent": sent}
    return make_response(render_template("forgot.html", **fields), status)


@pages.post("/forgot")
@access.anyone
def send_link() -> BaseResponse:
    """Answer the same whether the address has an account or not."""
    try:
        passwords.send_link(checked(EmailIn, {"email": request.form.get("email", "").strip()}).email)
    except WrongInputError:
        return _ask(422, say("pages.fault.email", language()))
    except BusinessError as error:
        return refused(error, _ask)
    return _ask(sent=True)
