"""The firm's name, colour and welcome, in every page; read once a page, and never by what scripts poll."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, current_app, g, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.local import LocalProxy

from webapp.extensions import db
from webapp.routes import access
from webapp.routes.headers import A_YEAR
from webapp.routes.locale import language
from webapp.routes.pages.blueprint import pages
from webapp.services import colours
from webapp.services import firm as choices_of_the_firm
from webapp.services.firm import Choices

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

LAST_KNOWN = "firm"
NEVER_READ = (0, Choices())
COLOUR_OF_APP_CSS = Choices().accent


@pages.record_once
def _share(state: BlueprintSetupState) -> None:
    """Offer it as it is when a template asks."""
    state.app.jinja_env.globals.update(firm=LocalProxy(lambda: current()[1]))


def current() -> tuple[int, Choices]:
    """Return the version and the choices; a problem page of a database that is away shows those last known."""
    if "firm" not in g:
        g.firm = _read()
    found: tuple[int, Choices] = g.firm
    return found


def _read() -> tuple[int, Choices]:
    if "database_away" not in g:
        try:
            current_app.extensions[LAST_KNOWN] = choices_of_the_firm.current(db.session())
        except (DBAPIError, PoolTimeoutError):
            db.session.rollback()
    known: tuple[int, Choices] = current_app.extensions.get(LAST_KNOWN, NEVER_READ)
    return known


@pages.app_template_global()
def firm_welcome() -> str:
    """Return the firm's welcome in the reader's language, empty when it has none."""
    text: str = getattr(current()[1].welcome, language().value)
    return text


@pages.app_template_global()
def firm_css_url() -> str:
    """Return the address of the firm's colours; it changes with them, so that browsers may keep it.

    It is empty where app.css has them already: a first visit is spared a request.
    """
    version, choices = current()
    return "" if choices.accent == COLOUR_OF_APP_CSS else f"/firm.css?v={version}"


@pages.get("/firm.css")
@access.anyone
def firm_css() -> Response:
    version, choices = current()
    response = Response(stylesheet(choices.accent), mimetype="text/css")
    response.set_etag(f"firm-{version}")
    named = request.args.get("v") == str(version)
    response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable" if named else "no-cache"
    response.make_conditional(request)
    return response


def stylesheet(accent: str) -> str:
    """Return the colours that differ from those of app.css: none while the firm has not chosen its own."""
    if accent == COLOUR_OF_APP_CSS:
        return ""
    themes = (("screen", colours.light(accent)), ("screen and (prefers-color-scheme: dark)", colours.dark(accent)))
    return "\n".join(f"@media {media} {{ :root {{ {_declarations(tokens)} }} }}" for media, tokens in themes)


def _declarations(tokens: dict[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in tokens.items())
