"""When a form cannot be taken: what was typed comes back to its author, never lost and never in an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import make_response, render_template, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from webapp.errors import BusinessError, CsrfError, SignedOutError, TooManyError, UnavailableError
from webapp.extensions import db
from webapp.routes import problems
from webapp.routes.locale import language
from webapp.routes.pages.addresses import here
from webapp.routes.pages.blueprint import pages
from webapp.routes.pages.kept import Kept
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse


def refused(error: BusinessError, again: Callable[[int, str], Response]) -> Response:
    """Show a form again with the sentence of what went wrong and its status."""
    db.session.rollback()
    response = again(problems.status_of(error).value, _sentences(error))
    if isinstance(error, TooManyError | UnavailableError):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _sentences(error: BusinessError) -> str:
    """Say what went wrong; of several files, of each by its name."""
    names = error.values.get("names")
    each = [{"name": name} for name in names] if isinstance(names, list) else [{}]
    return " ".join(say(f"errors.{error.code}", language(), **error.values | one) for one in each)


@pages.errorhandler(SignedOutError)
@pages.errorhandler(CsrfError)
def _session_over(error: SignedOutError | CsrfError) -> BaseResponse:
    """Ask to sign in without losing what was written; its form may also stem from an earlier session."""
    kept = Kept.sent()
    if kept is None:
        return problems.business(error)
    db.session.rollback()
    page = render_template("login.html", kept=kept, next=here(), email="", plain_header=True)
    return make_response(page, problems.status_of(error).value)


@pages.errorhandler(DBAPIError)
@pages.errorhandler(PoolTimeoutError)
def _database_away(error: Exception) -> BaseResponse:
    response = problems.database(error)
    kept = Kept.sent()
    if kept is not None:
        form = dict(kept.form) | {"csrf_token": request.form.get("csrf_token", "")}
        response.set_data(render_template("unsent.html", form=form, text=kept.text, action=kept.path))
    return response
