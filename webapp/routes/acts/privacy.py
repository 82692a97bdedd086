"""Forgetting a customer who asks for it."""

from __future__ import annotations

from webapp.extensions import db
from webapp.routes.access import me
from webapp.routes.acts import passwords
from webapp.services import privacy


def erase(password: str) -> None:
    """Forget the customer who calls.

    Raises:
        WrongPasswordError: it is not hers.
        TooManyError: too many tries.
    """
    passwords.confirm(password)
    privacy.erase(db.session(), me().account_id)
    db.session.commit()
