"""What somebody had typed when their session ended: kept through signing in, never in an address, and given back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app, request
from werkzeug.exceptions import HTTPException

from webapp.errors import NotFoundError
from webapp.routes import access
from webapp.routes.locale import language
from webapp.routes.pages.addresses import local_path
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self, TypeVar

    from flask import Response

    Giver = TypeVar("Giver", bound=Callable[..., Response])

PLACE, PREFIX = "kept_from", "kept-"


@dataclass(frozen=True, slots=True)
class _Way:
    texts: tuple[str, ...]
    anchor: str
    giver: Callable[..., Response]


_ways: dict[str, _Way] = {}


def gives_back(*endpoints: str, texts: tuple[str, ...], anchor: str = "") -> Callable[[Giver], Giver]:
    """Mark what gives back the forms sent to these endpoints, at `anchor` of their page.

    It is called with the form and the arguments of its address. A form whose `texts` are all empty is not kept.
    """

    def mark(giver: Giver) -> Giver:
        _ways.update(dict.fromkeys(endpoints, _Way(texts, anchor, giver)))
        return giver

    return mark


def unsaved() -> str:
    """Say that what stands in a form was given back and is not saved."""
    return say("pages.login.given_back", language())


@dataclass(frozen=True, slots=True)
class Kept:
    """A form nobody could take: the path it was sent to, what stood in it, and which of it somebody wrote."""

    path: str
    form: Mapping[str, str]
    text: str = ""  # name of a field
    anchor: str = ""

    @classmethod
    def sent(cls) -> Self | None:
        """Return the form of this request, None when nothing was written in it or no page gives it back."""
        way = _ways.get(request.endpoint or "")
        text = next((name for name in way.texts if request.form.get(name, "").strip()), None) if way else None
        if way is None or text is None:
            return None
        fields = {name: value for name, value in request.form.items() if name != "csrf_token"}
        return cls(request.path, fields, text, way.anchor)

    @classmethod
    def through_sign_in(cls) -> Self | None:
        """Return the form that the sign-in form of this request carries."""
        path, _, anchor = local_path(request.form.get(PLACE)).partition("#")
        fields = {name[len(PREFIX) :]: value for name, value in request.form.items() if name.startswith(PREFIX)}
        return cls(path, fields, anchor=anchor) if path else None

    @property
    def carried(self) -> dict[str, str]:
        """The hidden fields of the sign-in form."""
        return {PLACE: f"{self.path}#{self.anchor}"} | {f"{PREFIX}{name}": value for name, value in self.form.items()}

    def give_back(self) -> Response | None:
        """Return the page the form stood in, as it was left; None when it is no page of whoever signed in."""
        try:
            endpoint, args = current_app.url_map.bind("").match(self.path, method="POST")
        except HTTPException:
            return None
        if endpoint not in _ways or not access.allows(current_app.view_functions[endpoint]):
            return None
        try:
            return _ways[endpoint].giver(self.form, **args)
        except NotFoundError:
            return None
