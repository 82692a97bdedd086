"""Accounts as their readers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.routes.access import me
from webapp.routes.schemas.accounts import UserOut
from webapp.routes.schemas.conversations import PersonOut
from webapp.routes.schemas.people import PersonRowOut

if TYPE_CHECKING:
    from webapp.models import Account


def user(account: Account) -> UserOut:
    return UserOut(id=account.id, email=account.email, name=account.name, role=account.role)


def person_row(account: Account) -> PersonRowOut:
    return PersonRowOut.model_validate(account, from_attributes=True)


def person(account: Account | None) -> PersonOut | None:
    if account is None:
        return None
    return PersonOut(id=account.id, name=account.name, email=account.email if me().is_staff else None)
