from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from webapp.routes import access, sessions, views
from webapp.routes.answers import reply
from webapp.routes.api import api
from webapp.routes.requests import body
from webapp.routes.schemas.accounts import LoginIn, RegisterIn, UserEnvelopeOut, UserOut

if TYPE_CHECKING:
    from webapp.services.accounts import Identity


@api.post("/auth/register")
@access.anyone
def register() -> Response:
    wanted = body(RegisterIn)
    return _signed_in(sessions.register(wanted.email, wanted.password, wanted.name), 201)


@api.post("/auth/login")
@access.anyone
def login() -> Response:
    wanted = body(LoginIn)
    return _signed_in(sessions.sign_in(wanted.email, wanted.password), 200)


def _signed_in(signed_in: sessions.SignedIn, status: int) -> Response:
    response = reply(UserEnvelopeOut(user=views.user(signed_in.account)), status)
    sessions.set_cookies(response, signed_in.account.id, signed_in.sign_in_id, signed_in.refresh_id)
    return response


@api.post("/auth/refresh")
@access.anyone
def refresh() -> Response:
    identity, refresh_id = sessions.refresh()
    response = reply(UserEnvelopeOut(user=_myself(identity)))
    sessions.set_cookies(response, identity.account_id, identity.sign_in_id, refresh_id)
    return response


@api.post("/auth/logout")
@access.signed_in
def logout() -> Response:
    response = Response(status=204)
    sessions.sign_out(response)
    return response


@api.get("/auth/me")
@access.signed_in
def who_am_i() -> Response:
    return reply(UserEnvelopeOut(user=_myself(access.me())))


def _myself(identity: Identity) -> UserOut:
    return UserOut(id=identity.account_id, email=identity.email, name=identity.name, role=identity.role)
