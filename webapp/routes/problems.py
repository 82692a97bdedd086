"""The one place that turns a business error into HTTP: problem+json under /api, a page elsewhere."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import PyJWTError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from webapp import errors
from webapp.extensions import db
from webapp.routes import access
from webapp.routes.locale import language
from webapp.routes.requests import WrongInputError
from webapp.routes.schemas.problems import FieldFaultOut, ProblemOut
from webapp.texts import catalogue, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask
    from pydantic_core import ErrorDetails
    from werkzeug.wrappers import Response as BaseResponse

# The first class that fits decides; subclasses therefore stand before their parents where they differ.
STATUSES: tuple[tuple[type[errors.BusinessError], HTTPStatus], ...] = (
    (errors.MissingKeyError, HTTPStatus.BAD_REQUEST),
    (errors.MalformedError, HTTPStatus.BAD_REQUEST),
    (errors.SignedOutError, HTTPStatus.UNAUTHORIZED),
    (errors.ForbiddenError, HTTPStatus.FORBIDDEN),
    (errors.NotFoundError, HTTPStatus.NOT_FOUND),
    (errors.ConflictError, HTTPStatus.CONFLICT),
    (errors.TooLargeError, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.WrongTypeError, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    (errors.InvalidError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.TooManyError, HTTPStatus.TOO_MANY_REQUESTS),
    (errors.UnavailableError, HTTPStatus.SERVICE_UNAVAILABLE),
)
DATABASE_RETRY_AFTER_S = 5


def register(app: Flask) -> None:
    app.register_error_handler(errors.BusinessError, business)
    app.register_error_handler(WrongInputError, invalid)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(DBAPIError, database)
    app.register_error_handler(PoolTimeoutError, database)
    app.register_error_handler(JWTExtendedException, signed_out)
    app.register_error_handler(PyJWTError, signed_out)
    app.register_error_handler(Exception, unexpected)


def status_of(error: errors.BusinessError) -> HTTPStatus:
    return next((status for kind, status in STATUSES if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def business(error: errors.BusinessError) -> BaseResponse:
    db.session.rollback()
    status = status_of(error)
    if status is HTTPStatus.UNAUTHORIZED and not _is_api() and error.code == "signed_out":
        return _to_sign_in()
    field = error.values.get("field")
    named = [{"name": name} for name in error.values.get("names", ())] or [{}]  # type: ignore[attr-defined]  # a list
    faults = [FieldFaultOut(field=str(field), detail=_sentence(error.code, error.values | each)) for each in named]
    response = answer(status, error.code, faults if field else None, **{**error.values, **named[0]})
    if isinstance(error, errors.TooManyError | errors.UnavailableError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def invalid(error: WrongInputError) -> BaseResponse:
    db.session.rollback()
    faults = [FieldFaultOut(field=_field(fault), detail=_fault(fault)) for fault in error.faults]
    return answer(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", faults)


def http(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    response = answer(HTTPStatus(error.code), f"http_{error.code}")
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def database(error: Exception) -> BaseResponse:
    """Say that the database is away: nothing was accepted, the same request may be sent again.

    A statement that PostgreSQL refuses for its content is a fault of ours: sent again, it would fail again.
    """
    kind = type(getattr(error, "orig", error)).__name__
    db.session.rollback()
    g.database_away = True  # the page that says so asks it nothing more
    if not _is_away(error):
        current_app.logger.error("statement refused in %s: %s", request.url_rule, kind)
        return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "http_500")
    current_app.logger.error("database unavailable: %s", kind)
    response = answer(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable")
    response.headers["Retry-After"] = str(DATABASE_RETRY_AFTER_S)
    return response


def _is_away(error: Exception) -> bool:
    if not isinstance(error, DBAPIError):
        return True
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def signed_out(_error: Exception) -> BaseResponse:
    return business(errors.SignedOutError())


def unexpected(error: Exception) -> BaseResponse:
    """Record a fault of ours, without the request's content, and answer with a calm sentence."""
    db.session.rollback()
    current_app.logger.error("unexpected fault in %s", request.url_rule, exc_info=error)
    return answer(HTTPStatus.INTERNAL_SERVER_ERROR, "http_500")


def answer(status: HTTPStatus, code: str, faults: list[FieldFaultOut] | None = None, **values: object) -> Response:
    detail = _sentence(code, values)
    if _is_api():
        problem = ProblemOut(
            type=f"/problems/{code}", title=_title(status), status=status.value, detail=detail, errors=faults
        )
        response = Response(problem.model_dump_json(exclude_none=True), mimetype="application/problem+json")
    else:
        page = render_template(
            "problem.html",
            status=status.value,
            title=_title(status),
            detail=detail,
            retry_after=values.get("retry_after"),
            plain_header=not _knows_who(),
        )
        response = make_response(page)
    response.status_code = status.value
    response.headers["Cache-Control"] = "no-store"
    return response


def _knows_who() -> bool:
    """Say whether the page can have its reader's head: one that tells of the database being away asks it nothing."""
    if "identity" in g or "database_away" in g:
        return g.get("identity") is not None
    try:
        return access.someone() is not None
    except SQLAlchemyError:
        return False


def _is_api() -> bool:
    return request.path.startswith("/api/") or request.path in ("/healthz", "/readyz")


def _to_sign_in() -> BaseResponse:
    """Send somebody to sign in and back here; a form that was sent comes back as an empty page."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else request.path
    return redirect(url_for("pages.login", next=wanted), code=303)


def _title(status: HTTPStatus) -> str:
    return _text(f"errors.titles.{status.value}", f"errors.titles.{status.value // 100}00", {})


def _sentence(code: str, values: dict[str, Any]) -> str:
    fallback = "errors.http_500" if code.startswith("http_5") else "errors.http_400"
    return _text(f"errors.{code}", fallback, values)


def _text(key: str, fallback: str, values: dict[str, Any]) -> str:
    wanted = language()
    return say(key if key in catalogue(wanted) else fallback, wanted, **values)


def sentences(faults: Sequence[ErrorDetails]) -> dict[str, str]:
    """Return what is wrong with each field of a form, in words."""
    return {_field(fault): _fault(fault) for fault in faults}


def _field(fault: ErrorDetails) -> str:
    return ".".join(str(part) for part in fault["loc"]) or "body"


def _fault(fault: ErrorDetails) -> str:
    context = {name: value for name, value in fault.get("ctx", {}).items() if isinstance(value, int | str)}
    kind = "nul" if "nul" in fault["msg"] else fault["type"]
    return _text(f"errors.fields.{kind}", "errors.fields.other", context)
