"""Somebody's own account: who she is, her password, where she is signed in; customers may take or erase all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import make_response, render_template, request
from flask_jwt_extended import unset_jwt_cookies

from webapp.errors import TooManyError, WrongPasswordError
from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.acts import passwords
from webapp.routes.acts.privacy import erase
from webapp.routes.locale import language
from webapp.routes.pages.addresses import see
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.information import remember_language
from webapp.routes.pages.kept import gives_back, unsaved
from webapp.routes.pages.refusals import refused
from webapp.routes.requests import WrongInputError, checked
from webapp.routes.schemas.profile import PasswordIn, WholeProfileIn
from webapp.services import accounts, privacy
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

OF_STAFF = ("name", "locale")
NOTICES = ("saved", "password", "ended")


@pages.get("/account")
@access.signed_in
def account() -> Response:
    return _show()


def _show(
    status: int = 200,
    error: str | None = None,
    *,
    values: Mapping[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Response:
    row = privacy.profile(db.session(), me().account_id)
    notice = request.args.get("notice")
    about: dict[str, Any] = {
        "email": row.email,
        "values": values or {name: getattr(row, name) for name in _fields()},
        "errors": errors or {},
        "fields": _fields(),
        "sign_ins": accounts.sign_ins(db.session(), me().account_id),
        "notice": notice if notice in NOTICES else None,
    }
    return make_response(render_template("account.html", error=error, **about), status)


def _fields() -> tuple[str, ...]:
    return OF_STAFF if me().is_staff else privacy.PROFILE


@pages.post("/account")
@access.signed_in
def save_account() -> BaseResponse:
    given = {name: request.form[name].replace("\r\n", "\n") for name in _fields() if name in request.form}
    try:
        wanted = checked(WholeProfileIn, given)
    except WrongInputError as error:
        errors = {str(fault["loc"][0]): say(f"account.fault.{fault['loc'][0]}", language()) for fault in error.faults}
        return _show(422, say("pages.fault.title", language()), values=request.form, errors=errors)
    privacy.change_profile(db.session(), me().account_id, wanted.model_dump(exclude_none=True))
    db.session.commit()
    response = see("/account?notice=saved")
    if wanted.locale is not None:
        remember_language(response, wanted.locale)
    return response


@gives_back("pages.save_account", texts=privacy.PROFILE)
def _give_back(form: Mapping[str, str]) -> Response:
    return _show(error=unsaved(), values=form)


@pages.post("/account/password")
@access.signed_in
def change_password() -> BaseResponse:
    try:
        wanted = checked(PasswordIn, {"password": request.form.get("password", "")})
        passwords.change(request.form.get("current", ""), wanted.password)
    except WrongInputError:
        return _show(
            422, say("pages.fault.title", language()), errors={"password": say("pages.fault.password", language())}
        )
    except WrongPasswordError:
        db.session.rollback()
        return _show(
            422, say("pages.fault.title", language()), errors={"current": say("account.fault.current", language())}
        )
    except TooManyError as error:
        return refused(error, _show)
    return see("/account?notice=password")


@pages.post("/account/sign-ins")
@access.signed_in
def end_other_sign_ins() -> BaseResponse:
    accounts.end_sign_ins(db.session(), me().account_id, but=me().sign_in_id)
    db.session.commit()
    return see("/account?notice=ended")


@pages.get("/account/erase")
@access.client
def confirm_erasure() -> Response:
    return _confirm()


def _confirm(status: int = 200, error: str | None = None) -> Response:
    return make_response(render_template("account_erase.html", error=error), status)


@pages.post("/account/erase")
@access.client
def erase_account() -> BaseResponse:
    try:
        erase(request.form.get("current", ""))
    except WrongPasswordError:
        db.session.rollback()
        return _confirm(422, say("account.fault.current", language()))
    except TooManyError as error:
        return refused(error, _confirm)
    response = make_response(render_template("account_erased.html"))
    unset_jwt_cookies(response)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response
