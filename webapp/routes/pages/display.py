"""What every template may call."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from babel.units import format_unit
from flask import current_app, request, url_for
from markupsafe import Markup
from uuid_utils.compat import uuid4
from werkzeug.local import LocalProxy

from webapp.domain import Language
from webapp.routes import access, locale, sessions
from webapp.routes.pages import times  # noqa: F401  it adds its filters
from webapp.routes.pages.addresses import here
from webapp.routes.pages.blueprint import pages
from webapp.routes.rendering import link_marks
from webapp.texts import catalogue, say, say_count

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

    from webapp.routes.schemas.messages import MessageOut

SCRIPT_TEXTS = (
    "pages.life.",
    "pages.live.",
    "pages.link.",
    "pages.chat.page",
    "pages.chat.source_number",
    "pages.time.",
    "attachments.script.",
    "attachments.fact.kept",
    "attachments.fact.failed",
)
MEGABYTE = 1_000_000


@pages.record_once
def _share_who_and_language(state: BlueprintSetupState) -> None:
    """Offer them as they are when a template asks: a problem page must not need the database to say so."""
    state.app.jinja_env.globals.update(me=LocalProxy(access.someone), language=LocalProxy(locale.language))


@pages.app_template_global()
def t(key: str, **values: object) -> str:
    return say(key, locale.language(), **values)


@pages.app_template_global()
def tn(key: str, count: int, **values: object) -> str:
    return say_count(key, locale.language(), count, **values)


@pages.app_template_global()
def csrf_token() -> str:
    return sessions.csrf_token()


@pages.app_template_global()
def new_key() -> str:
    return str(uuid4())


@pages.app_template_global()
def static_url(name: str) -> str:
    """Return the address of a static file; it changes with the content, so that browsers may keep it a year."""
    return url_for("static", filename=name, v=_digest(Path(current_app.static_folder or "") / name))


@pages.app_template_global()
def module_url(name: str) -> str:
    """Return the address of a script module as other modules import it: bare, so that no module loads twice."""
    return url_for("static", filename=f"js/{name}.js")


@cache
def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@pages.app_template_global()
def source_url() -> str:
    return url_for("pages.source")


@pages.app_template_global()
def language_url() -> str:
    other = Language.EN if locale.language() is Language.FR else Language.FR
    return url_for("pages.switch_language", wanted=other.value, next=here())


@pages.app_template_global()
def page_url(cursor: str) -> str:
    """Return this list's address at its next page."""
    return f"{request.path}?{urlencode({**request.args.to_dict(), 'cursor': cursor})}"


@pages.app_template_global()
def client_texts() -> dict[str, str]:
    """Return the words the scripts say, under their keys without `pages.`."""
    texts = catalogue(locale.language()).items()
    return {key.removeprefix("pages."): text for key, text in texts if key.startswith(SCRIPT_TEXTS)}


@pages.app_template_filter()
def message_html(message: MessageOut) -> Markup:
    """Return a message's HTML: it went through the allow-list where it was rendered."""
    numbers = [source.n for source in message.sources]
    return Markup(link_marks(message.html, str(message.seq), numbers))  # noqa: S704  allow-listed by rendering.to_html


@pages.app_template_filter()
def filesize(size: int) -> str:
    unit, divisor = ("megabyte", MEGABYTE) if size >= MEGABYTE else ("kilobyte", 1000)
    return format_unit(round(max(size / divisor, 0.1), 1), unit, "short", locale=locale.language().value)
