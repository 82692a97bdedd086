"""The people of the firm: invited by a one-time link, given a role, deactivated; each change is kept."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, func, or_, select, update

from webapp.domain import Language, Role
from webapp.errors import LastAdminError, LinkSpentError, NotFoundError, OwnAccessError
from webapp.models import Account, Link, SignIn
from webapp.services import accounts, firm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

INVITATION_LIFE = timedelta(days=7)
NEW_PASSWORD_LIFE = timedelta(hours=1)
_WORKS = Link.used_at.is_(None), Link.expires_at > func.clock_timestamp()


def list_people(session: Session, after: UUID | None, limit: int) -> Sequence[Account]:
    """Return the people of the firm by id, one more than the limit when there are more."""
    statement = select(Account).where(Account.role != Role.CLIENT).order_by(Account.id).limit(limit + 1)
    return session.scalars(statement if after is None else statement.where(Account.id > after)).all()


def invited(session: Session, people: Sequence[Account]) -> set[UUID]:
    """Return the ids of those whose one-time link still waits and who have never signed in."""
    waits = exists().where(Link.account_id == Account.id, *_WORKS)
    never = ~exists().where(SignIn.account_id == Account.id)
    return set(session.scalars(select(Account.id).where(Account.id.in_([each.id for each in people]), waits, never)))


def invite(  # noqa: PLR0913  the fields of an account
    session: Session, author_id: UUID, email: str, *, name: str, role: Role, locale: Language
) -> tuple[Account, str]:
    """Create an account nobody can sign in to yet; return it with the secret of the link that opens it.

    Raises:
        EmailTakenError: the address has an account.
    """
    new = accounts.register(session, email, secrets.token_urlsafe(32), name=name, role=role, locale=locale)
    firm.record_change(session, author_id, f"account:{new.id}", {}, {"role": role.value, "active": True})
    return session.get_one(Account, new.id), _new_link(session, new.id, INVITATION_LIFE)


def link_of_forgetful(session: Session, email: str) -> tuple[Account, str] | None:
    """Return an active account with the secret of a link that lets it choose a password; None when there is none."""
    account = session.scalar(select(Account).where(Account.email == email.lower(), Account.active))
    return None if account is None else (account, _new_link(session, account.id, NEW_PASSWORD_LIFE))


def _new_link(session: Session, account_id: UUID, life: timedelta) -> str:
    secret = secrets.token_urlsafe(32)
    session.add(Link(digest=_digest(secret), account_id=account_id, expires_at=func.clock_timestamp() + life))
    session.flush()
    return secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def look_at_link(session: Session, secret: str) -> Account:
    """Return whose password a link lets choose, and leave it unused.

    Raises:
        LinkSpentError: it was used, is too old, or never was one.
    """
    account = session.scalar(
        select(Account).join(Link, Link.account_id == Account.id).where(Link.digest == _digest(secret), *_WORKS)
    )
    return _active(account)


def open_link(session: Session, secret: str, password: str) -> Account:
    """Choose a password by a link: it works once, and with it end the account's other links and its sessions.

    Raises:
        LinkSpentError: it was used, is too old, or never was one.
    """
    account_id = session.scalar(
        update(Link)
        .where(Link.digest == _digest(secret), *_WORKS)
        .values(used_at=func.clock_timestamp())
        .returning(Link.account_id)
    )
    account = _active(None if account_id is None else session.get(Account, account_id))
    accounts.set_password(session, account.email, password)
    accounts.end_sign_ins(session, account.id)
    spend_links(session, account.id)
    return account


def _active(account: Account | None) -> Account:
    if account is None or not account.active:
        raise LinkSpentError
    return account


def spend_links(session: Session, account_id: UUID) -> None:
    """Let the links that wait for an account open nothing any more."""
    unused = Link.account_id == account_id, Link.used_at.is_(None)
    session.execute(update(Link).where(*unused).values(used_at=func.clock_timestamp()))


def change(session: Session, author_id: UUID, account_id: UUID, *, role: Role | None, active: bool | None) -> Account:
    """Change what one of the firm's people may do; a deactivated person's sessions end at once.

    Raises:
        NotFoundError: nobody of the firm has that id.
        OwnAccessError: it is the author herself.
        LastAdminError: no active admin would be left.
    """
    account, another_admin = _lock(session, account_id)
    if account_id == author_id:
        raise OwnAccessError
    before = _access(account)
    wanted_role, wanted_active = role or account.role, account.active if active is None else active
    if not another_admin and before == _admin() and (wanted_role, wanted_active) != (Role.ADMIN, True):
        raise LastAdminError
    account.role, account.active = wanted_role, wanted_active
    after = _access(account)
    if after != before:
        firm.record_change(session, author_id, f"account:{account_id}", before, after)
    if not account.active:
        accounts.end_sign_ins(session, account_id)
        spend_links(session, account_id)
    session.flush()
    return account


def _lock(session: Session, account_id: UUID) -> tuple[Account, bool]:
    """Lock somebody and all active admins, so that two admins cannot take the role from each other at once."""
    admin = and_(Account.role == Role.ADMIN, Account.active)
    locked = select(Account).where(or_(Account.id == account_id, admin)).order_by(Account.id)
    rows = session.scalars(
        locked.with_for_update(key_share=True).execution_options(populate_existing=True)
    ).all()  # in one order, for everybody
    account = next((row for row in rows if row.id == account_id), None)
    if account is None or account.role is Role.CLIENT:
        raise NotFoundError
    return account, any(row.role is Role.ADMIN and row.active for row in rows if row.id != account_id)


def _access(account: Account) -> dict[str, object]:
    return {"role": account.role.value, "active": account.active}


def _admin() -> dict[str, object]:
    return {"role": Role.ADMIN.value, "active": True}
