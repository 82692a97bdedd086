"""Inviting the firm's people, and changing what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webapp.domain import Role
from webapp.extensions import db
from webapp.routes.access import me
from webapp.routes.locale import language
from webapp.services import notices, people

if TYPE_CHECKING:
    from uuid import UUID

    from webapp.models import Account
    from webapp.routes.schemas.people import PersonIn, PersonPatchIn


def invite(wanted: PersonIn) -> Account:
    """Create an account with the mail that opens it, in the language of whoever invites.

    Raises:
        EmailTakenError: the address has an account.
    """
    account, secret = people.invite(
        db.session(),
        me().account_id,
        wanted.email,
        name=wanted.name,
        role=Role(wanted.role),
        locale=language(),
    )
    notices.invite(db.session(), account, f"/welcome/{secret}")
    db.session.commit()
    return account


def change_access(account_id: UUID, wanted: PersonPatchIn) -> Account:
    """Change what somebody may do, from her next request on.

    Raises:
        NotFoundError: nobody of the firm has that id.
        ConflictError: it is the caller herself, or the last admin.
    """
    role = Role(wanted.role) if wanted.role else None
    account = people.change(db.session(), me().account_id, account_id, role=role, active=wanted.active)
    db.session.commit()
    return account
