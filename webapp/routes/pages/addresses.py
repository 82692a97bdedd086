"""Addresses a page may send somebody to: of this site only."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import redirect, request

from webapp.domain import Role
from webapp.routes.access import me

if TYPE_CHECKING:
    from werkzeug.wrappers import Response


def local_path(given: str | None) -> str:
    """Return a path of this site, or nothing: browsers take two slashes of either kind for another site."""
    path = given or ""
    harmless = path.startswith("/") and path[1:2] not in ("/", "\\") and "\\" not in path and path.isprintable()
    return path if harmless and not urlsplit(path).netloc else ""


def here() -> str:
    """Return the path to come back to from this page; a page that answers a form comes back as its plain self."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    path = request.path
    for part in ("/messages", "/person", "/draft", "/proposal"):
        path = path.removesuffix(part)
    return path


def see(path: str) -> Response:
    """Answer a form: go and look there."""
    return redirect(path, code=303)


def home_path() -> str:
    return "/chat" if me().role is Role.CLIENT else "/conversations"
