from __future__ import annotations

from typing import TYPE_CHECKING

from flask import g, make_response, render_template, request

from webapp.errors import BusinessError
from webapp.extensions import db
from webapp.routes import access, sessions
from webapp.routes.locale import language
from webapp.routes.pages.addresses import home_path, local_path, see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.kept import Kept
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, checked
from webapp.routes.schemas.accounts import LoginIn, RegisterIn
from webapp.services import accounts
from webapp.texts import say

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

REGISTER_FIELDS = ("name", "email", "password")


@pages.get("/")
@access.anyone
def home() -> BaseResponse:
    return see("/login" if access.someone() is None else home_path())


@pages.get("/login")
@access.anyone
def login() -> BaseResponse | str:
    wanted = local_path(request.args.get("next"))
    if access.someone() is not None:
        return see(wanted or home_path())
    return render_template("login.html", next=wanted, email="")


@pages.post("/login")
@access.anyone
def sign_in() -> BaseResponse:
    form = request.form
    try:
        given = checked(LoginIn, {name: form.get(name, "") for name in ("email", "password")})
        signed_in = sessions.sign_in(given.email, given.password)
    except WrongInputError:
        return _login_again(401, say("errors.wrong_password", language()))
    except BusinessError as error:
        return refused(error, _login_again)
    return _welcome(signed_in)


def _login_again(status: int, error: str) -> Response:
    values = {"next": local_path(request.form.get("next")), "email": request.form.get("email", "")}
    page = render_template("login.html", error=error, kept=Kept.through_sign_in(), **values)
    return make_response(page, status)


def _welcome(signed_in: sessions.SignedIn) -> Response:
    """Let somebody in: back to where they were, with the text they were writing when their session ended."""
    g.identity = accounts.identify(db.session(), signed_in.sign_in_id)
    kept = Kept.through_sign_in()
    given_back = kept.give_back() if kept else None
    response = given_back or make_response(see(local_path(request.form.get("next")) or home_path()))
    sessions.set_cookies(response, signed_in.account.id, signed_in.sign_in_id, signed_in.refresh_id)
    return response


@pages.get("/register")
@access.anyone
def registration() -> BaseResponse | str:
    wanted = local_path(request.args.get("next"))
    if access.someone() is not None:
        return see(wanted or home_path())
    return render_template("register.html", next=wanted, values={}, errors={})


@pages.post("/register")
@access.anyone
def register() -> BaseResponse:
    try:
        given = checked(RegisterIn, {name: request.form.get(name, "") for name in REGISTER_FIELDS})
        signed_in = sessions.register(given.email, given.password, given.name)
    except WrongInputError as error:
        wrong = {str(fault["loc"][0]) for fault in error.faults}
        errors = {name: say(f"pages.fault.{name}", language()) for name in REGISTER_FIELDS if name in wrong}
        return _register_again(422, say("pages.fault.title", language()), errors)
    except BusinessError as error:
        return refused(error, _register_again)
    return _welcome(signed_in)


def _register_again(status: int, error: str, errors: dict[str, str] | None = None) -> Response:
    values = {"next": local_path(request.form.get("next")), "values": request.form, "errors": errors or {}}
    return make_response(render_template("register.html", error=error, **values), status)


@pages.post("/logout")
@access.signed_in
def sign_out() -> BaseResponse:
    """End the session, and the drafts this browser kept with it."""
    response = see("/login")
    sessions.sign_out(response)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response
