"""Signing in and out: the cookies, their rotation, and who may send a sign-in at all."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from flask import current_app, g, request
from flask_jwt_extended import (
    create_access_token,
    create_refresh_token,
    get_jwt,
    set_access_cookies,
    set_refresh_cookies,
    unset_jwt_cookies,
)
from flask_jwt_extended.exceptions import CSRFError, JWTExtendedException
from jwt import PyJWTError

from webapp.domain import Role
from webapp.errors import CsrfError, ForeignOriginError, SignedOutError, TooManyError
from webapp.extensions import db
from webapp.routes.access import SIGN_IN_CLAIM, me, verify
from webapp.routes.locale import language
from webapp.services import accounts, throttle

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.wrappers import Response as BaseResponse

    from webapp.models import Account
    from webapp.services.accounts import Identity
    from webapp.settings import Settings

REFRESH_CLAIM = "rid"
TEN_MINUTES = 600
AN_HOUR = 3600
SIGN_INS_BY_ACCOUNT = 10  # per ten minutes, account and address together: a stranger cannot lock anybody out
SIGN_INS_BY_ADDRESS = 60
REGISTRATIONS_BY_ADDRESS = 20  # per hour


@dataclass(frozen=True, slots=True)
class SignedIn:
    account: Account
    sign_in_id: UUID
    refresh_id: UUID


def settings() -> Settings:
    configured: Settings = current_app.config["SETTINGS"]
    return configured


def sign_in(email: str, password: str) -> SignedIn:
    """Open a session.

    Raises:
        WrongPasswordError: whatever of the two is wrong.
        TooManyError: too many tries by this address.
    """
    refuse_other_sites()
    limit("sign-in-account", f"{email}|{address()}", SIGN_INS_BY_ACCOUNT, TEN_MINUTES)
    limit("sign-in-address", address(), SIGN_INS_BY_ADDRESS, TEN_MINUTES)
    return begin(accounts.check_password(db.session(), email, password))


def register(email: str, password: str, name: str) -> SignedIn:
    """Create a customer's account and open its session.

    Raises:
        EmailTakenError: the address has one already.
        TooManyError: too many registrations by this address.
    """
    refuse_other_sites()
    limit("register-address", address(), REGISTRATIONS_BY_ADDRESS, AN_HOUR)
    return begin(accounts.register(db.session(), email, password, name=name, role=Role.CLIENT, locale=language()))


def begin(account: Account) -> SignedIn:
    opened = accounts.begin_sign_in(db.session(), account)
    db.session.commit()
    return SignedIn(account, opened.id, opened.refresh_id)


def refresh() -> tuple[Identity, UUID]:
    """Rotate the refresh token of this request; return whose it is and the next refresh id, cookies still to set.

    Raises:
        SignedOutError: the session is over.
    """
    try:
        verify(refresh=True)
    except CSRFError:
        raise CsrfError from None
    except (JWTExtendedException, PyJWTError):
        raise SignedOutError from None
    claims = get_jwt()
    sign_in_id = UUID(claims[SIGN_IN_CLAIM])
    following = accounts.refresh(db.session(), sign_in_id, UUID(claims[REFRESH_CLAIM]))
    db.session.commit()
    if following is None:
        raise SignedOutError
    return accounts.identify(db.session(), sign_in_id), following


def sign_out(response: BaseResponse) -> None:
    """End the session of this request everywhere at once."""
    accounts.end_sign_in(db.session(), me().sign_in_id)
    db.session.commit()
    unset_jwt_cookies(response)  # type: ignore[arg-type]  # the library names Flask's own class


def set_cookies(response: Response, account_id: UUID, sign_in_id: UUID, refresh_id: UUID) -> None:
    """Give the browser its tokens. The CSRF value stays the same as long as the sign-in: open forms stay valid."""
    claims = {SIGN_IN_CLAIM: str(sign_in_id), "csrf": _csrf(sign_in_id)}
    set_access_cookies(response, create_access_token(str(account_id), additional_claims=claims))
    claims[REFRESH_CLAIM] = str(refresh_id)
    set_refresh_cookies(response, create_refresh_token(str(account_id), additional_claims=claims))


def keep_signed_in(app: Flask) -> None:
    """Renew the token of somebody who reads pages: with no script nobody else would, and forms would be lost.

    Only pages count: a forgotten tab that polls does not keep a session alive.
    """

    @app.after_request
    def renew(response: Response) -> Response:
        if request.method == "GET" and response.mimetype == "text/html" and g.get("identity") is not None:
            claims = get_jwt()
            if claims["exp"] - claims["iat"] > 2 * (claims["exp"] - time.time()):
                kept = {name: claims[name] for name in (SIGN_IN_CLAIM, "csrf")}
                set_access_cookies(response, create_access_token(claims["sub"], additional_claims=kept))
        return response


def csrf_token() -> str:
    return _csrf(me().sign_in_id)


def _csrf(sign_in_id: UUID) -> str:
    return hmac.new(settings().secret_key.encode(), f"csrf:{sign_in_id}".encode(), hashlib.sha256).hexdigest()


def refuse_other_sites() -> None:
    """Refuse a sign-in that another site makes a browser send; what is no browser names no origin."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    allowed = {request.host_url.rstrip("/"), settings().public_url.rstrip("/"), *settings().allowed_origins}
    if site is not None and site not in ("same-origin", "none") and origin not in settings().allowed_origins:
        raise ForeignOriginError
    if site is None and origin is not None and origin not in allowed:
        raise ForeignOriginError


def limit(kind: str, subject: str, most: int, window_s: int) -> None:
    """Count a try.

    Raises:
        TooManyError: there were more than `most` within the window.
    """
    if not settings().ratelimit_enabled:
        return
    wait = throttle.count_attempt(db.session(), kind, subject, limit=most, window_s=window_s)
    db.session.commit()
    if wait is not None:
        raise TooManyError(wait)


def address() -> str:
    return request.remote_addr or "unknown"
