"""Who may call a route. Every route carries exactly one of these decorators; a guard test walks them all."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast
from uuid import UUID

import jwt as pyjwt
from flask import current_app, g, request
from flask_jwt_extended import decode_token, get_jwt, verify_jwt_in_request
from flask_jwt_extended.exceptions import CSRFError, JWTExtendedException, NoAuthorizationError

from webapp.domain import Role
from webapp.errors import CsrfError, ForbiddenError, SignedOutError
from webapp.extensions import db
from webapp.services import accounts

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from webapp.services.accounts import Identity

P = ParamSpec("P")
R = TypeVar("R")

SIGN_IN_CLAIM = "sid"


def me() -> Identity:
    """Return who calls; only inside a route that asks for a session."""
    return cast("Identity", g.identity)


def someone() -> Identity | None:
    """Return who calls, None for a visitor. A request whose session is over is a visitor's."""
    if "identity" not in g:
        g.identity = _visitor_or_identity()
    return cast("Identity | None", g.identity)


def _visitor_or_identity() -> Identity | None:
    try:
        if verify(optional=True) is None:
            return None
        return accounts.identify(db.session(), UUID(get_jwt()[SIGN_IN_CLAIM]))
    except (JWTExtendedException, pyjwt.PyJWTError, SignedOutError):
        return None


def _identify() -> Identity:
    return accounts.identify(db.session(), sign_in_id())


def sign_in_id() -> UUID:
    """Return the sign-in that the token of this request names; whether it still stands is for its row to say.

    Raises:
        SignedOutError: there is no token, or none of ours.
        CsrfError: nothing shows that the request is our own page's.
    """
    try:
        verify()
    except CSRFError:
        raise CsrfError from None
    except NoAuthorizationError as error:
        raise _without_token(error) from None
    except (JWTExtendedException, pyjwt.PyJWTError):
        raise SignedOutError from None
    return UUID(get_jwt()[SIGN_IN_CLAIM])


def verify(*, optional: bool = False, refresh: bool = False) -> object:
    """Verify the token of this request by the library, which cannot compare a CSRF token that is no ASCII.

    Raises:
        JWTExtendedException, PyJWTError: there is none, or none of ours; CSRFError among them.
    """
    try:
        return verify_jwt_in_request(optional=optional, refresh=refresh)
    except TypeError:
        if (request.headers.get("X-CSRF-TOKEN") or request.form.get("csrf_token", "")).isascii():
            raise
        raise CSRFError from None


def _without_token(error: NoAuthorizationError) -> Exception:
    """Tell a lost session from a lost CSRF token: the library reports both under one class."""
    return CsrfError() if "CSRF" in str(error) else SignedOutError()


def carries_token() -> bool:
    """Say whether a session of ours sends this, before its form is read: a stranger's keeps the smallest limits."""
    try:
        decode_token(request.cookies.get(current_app.config["JWT_ACCESS_COOKIE_NAME"], ""))
    except (JWTExtendedException, pyjwt.PyJWTError):
        return False
    return True


def _only(name: str, roles: Container[Role]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            g.identity = _identify()
            if g.identity.role not in roles:
                raise ForbiddenError
            return view(*args, **kwargs)

        guarded.access = name  # type: ignore[attr-defined]  # read by the guard test
        guarded.roles = roles  # type: ignore[attr-defined]  # read by allows()
        return guarded

    return decorate


def anyone(view: Callable[P, R]) -> Callable[P, R]:
    view.access = "anyone"  # type: ignore[attr-defined]  # idem
    return view


def signed_in_by_reading(view: Callable[P, R]) -> Callable[P, R]:
    """For a view that looks its caller up itself, by the statement that reads what is asked for."""
    view.access = "signed_in"  # type: ignore[attr-defined]  # read by the guard test
    return view


def declared(view: object) -> str | None:
    """Return who may call a route, None when it does not say."""
    return getattr(view, "access", None)


def allows(view: object) -> bool:
    """Return whether who is signed in may call a route."""
    return me().role in getattr(view, "roles", ())


signed_in = _only("signed_in", tuple(Role))
client = _only("client", (Role.CLIENT,))
staff = _only("staff", (Role.STAFF, Role.ADMIN))
admin = _only("admin", (Role.ADMIN,))
