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
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Response
    from werkzeug.wrappers import Response as BaseResponse

KEPT_FIELDS = ("message", "content", "conversation_id", "idempotency_key", "person")
TEXT_ENDPOINTS = ("pages.send", "pages.speak", "pages.keep_draft", "pages.ask_proposal")


def kept_text(form: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a message being written, empty when none is."""
    if not (form.get("message") or form.get("content")):
        return {}
    return {name: form[name] for name in KEPT_FIELDS if form.get(name)}


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
    """Ask to sign in without losing the message that was sent; its form may also stem from an earlier session."""
    kept = kept_text(request.form) if request.endpoint in TEXT_ENDPOINTS else {}
    if not kept:
        return problems.business(error)
    db.session.rollback()
    kept.setdefault("conversation_id", (request.view_args or {}).get("conversation_id", ""))
    page = render_template("login.html", kept=kept, next=here(), email="", plain_header=True)
    return make_response(page, problems.status_of(error).value)


@pages.errorhandler(DBAPIError)
@pages.errorhandler(PoolTimeoutError)
def _database_away(error: Exception) -> BaseResponse:
    response = problems.database(error)
    if request.endpoint in TEXT_ENDPOINTS and kept_text(request.form):
        response.set_data(render_template("unsent.html", form=request.form, action=request.path))
    return response
