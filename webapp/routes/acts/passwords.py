"""Passwords beside signing in: forgotten, chosen by a one-time link, confirmed, changed. Tries are limited alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.extensions import db
from webapp.routes import sessions
from webapp.routes.access import me
from webapp.services import accounts, notices, people

if TYPE_CHECKING:
    from webapp.routes.sessions import SignedIn

LINKS_BY_ACCOUNT = 5  # per hour, whether the account exists or not: nobody learns which, and nobody is flooded
LINKS_BY_ADDRESS = 20
CONFIRMATIONS = 10  # per ten minutes: a session left open does not let its finder guess


def send_link(email: str) -> None:
    """Mail a one-time link to whoever has an account under that address; the caller learns nothing of it.

    Raises:
        TooManyError: too many were asked for.
    """
    sessions.refuse_other_sites()
    sessions.limit("link-account", email.lower(), LINKS_BY_ACCOUNT, sessions.AN_HOUR)
    sessions.limit("link-address", sessions.address(), LINKS_BY_ADDRESS, sessions.AN_HOUR)
    found = people.link_of_forgetful(db.session(), email)
    if found is not None:
        notices.new_password(db.session(), found[0], f"/welcome/{found[1]}")
    db.session.commit()


def open_link(secret: str, password: str) -> SignedIn:
    """Choose a password by a one-time link, and open a session.

    Raises:
        LinkSpentError: it was used, is too old, or never was one.
    """
    return sessions.begin(people.open_link(db.session(), secret, password))


def confirm(password: str) -> None:
    """Make sure that it is the caller herself who sits there.

    Raises:
        WrongPasswordError: it is not her password.
        TooManyError: too many tries.
    """
    sessions.limit("confirm", str(me().account_id), CONFIRMATIONS, sessions.TEN_MINUTES)
    accounts.check_password(db.session(), me().email, password)


def change(current: str, wanted: str) -> None:
    """Change the caller's password; her other sessions end, and the links that would let another be chosen.

    Raises:
        WrongPasswordError: the current one is not hers.
        TooManyError: too many tries.
    """
    confirm(current)
    accounts.set_password(db.session(), me().email, wanted)
    accounts.end_sign_ins(db.session(), me().account_id, but=me().sign_in_id)
    people.spend_links(db.session(), me().account_id)
    db.session.commit()
