"""Accounts and sign-ins: who somebody is, read afresh on every request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from webapp.domain import Language, Role
from webapp.errors import EmailTakenError, SignedOutError, WrongPasswordError
from webapp.models import Account, SignIn
from webapp.models.prepared import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

REFRESH_GRACE = timedelta(seconds=10)
SIGN_IN_LIFE = timedelta(days=30)  # however active

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's floor for argon2id
# Unknown addresses cost a verification too, so that time tells nobody who has an account.
_NOBODY = _hasher.hash("nobody has this password")


@dataclass(frozen=True, slots=True)
class Identity:
    """The account behind a request."""

    account_id: UUID
    sign_in_id: UUID
    role: Role
    email: str
    name: str
    locale: Language

    @property
    def is_staff(self) -> bool:
        return self.role in (Role.STAFF, Role.ADMIN)


def register(  # noqa: PLR0913  the fields of an account
    session: Session, email: str, password: str, *, name: str, role: Role, locale: Language
) -> Account:
    """Create an account.

    Raises:
        EmailTakenError: the address has one already.
    """
    account = Account(
        id=uuid7(), email=email.lower(), password_hash=_hasher.hash(password), name=name, role=role, locale=locale
    )
    taken = insert(Account).values(
        id=account.id,
        email=account.email,
        password_hash=account.password_hash,
        name=name,
        role=role,
        locale=locale,
        active=True,
    )
    if session.execute(taken.on_conflict_do_nothing().returning(Account.id)).scalar() is None:
        raise EmailTakenError
    return account


def set_password(session: Session, email: str, password: str) -> None:
    session.execute(update(Account).where(Account.email == email.lower()).values(password_hash=_hasher.hash(password)))


def check_password(session: Session, email: str, password: str) -> Account:
    """Return the active account with that password.

    Raises:
        WrongPasswordError: whatever of the two is wrong.
    """
    account = session.scalar(select(Account).where(Account.email == email.lower()))
    matches = _matches(account.password_hash if account else _NOBODY, password)
    if account is None or not matches or not account.active:
        raise WrongPasswordError
    return account


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def begin_sign_in(session: Session, account: Account) -> SignIn:
    sign_in = SignIn(id=uuid7(), account_id=account.id, refresh_id=uuid7())
    session.add(sign_in)
    session.flush()
    return sign_in


def end_sign_in(session: Session, sign_in_id: UUID) -> None:
    session.execute(
        update(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None)).values(ended_at=func.clock_timestamp())
    )


def end_sign_ins(session: Session, account_id: UUID, *, but: UUID | None = None) -> None:
    """End somebody's sessions everywhere, all but one where it is given."""
    open_ones = update(SignIn).where(SignIn.account_id == account_id, SignIn.ended_at.is_(None))
    session.execute(
        (open_ones if but is None else open_ones.where(SignIn.id != but)).values(ended_at=func.clock_timestamp())
    )


def sign_ins(session: Session, account_id: UUID) -> Sequence[SignIn]:
    """Return the sessions that are open, the one used last first."""
    lives = SignIn.created_at > func.clock_timestamp() - SIGN_IN_LIFE
    mine = select(SignIn).where(SignIn.account_id == account_id, SignIn.ended_at.is_(None), lives)
    return session.scalars(mine.order_by(SignIn.refreshed_at.desc(), SignIn.id.desc())).all()


# Read on every request, and so as plain SQL: putting it together again each time costs as much as asking.
SIGNED_IN = f"""
SELECT a.id AS account_id, s.id AS sign_in_id, a.role, a.email, a.name, a.locale
FROM sign_in s JOIN account a ON a.id = s.account_id
WHERE s.id = :sign_in AND s.ended_at IS NULL AND a.active
AND s.created_at > clock_timestamp() - interval '{SIGN_IN_LIFE.days} days'
"""  # noqa: S608  a number of ours
_IDENTITY = Prepared("identity", SIGNED_IN, sign_in="uuid")


def identify(session: Session, sign_in_id: UUID) -> Identity:
    """Return who signed in.

    Raises:
        SignedOutError: the sign-in is over, or the account no longer active.
    """
    row = _IDENTITY.execute(session, {"sign_in": sign_in_id}).one_or_none()
    if row is None:
        raise SignedOutError
    return identity(row)


def identity(row: Row[Any]) -> Identity:
    """Return who the first columns of a row speak of, those of SIGNED_IN."""
    account_id, sign_in_id, role, email, name, locale = tuple(row)[:6]
    return Identity(account_id, sign_in_id, Role(role), email, name, Language(locale))


def is_active_staff(session: Session, account_id: UUID) -> bool:
    who = Account.id == account_id, Account.active, Account.role.in_((Role.STAFF, Role.ADMIN))
    return bool(session.scalar(select(exists().where(*who))))


def refresh(session: Session, sign_in_id: UUID, refresh_id: UUID) -> UUID | None:
    """Exchange a refresh id for the next one; two tabs may present the same within ten seconds.

    Returns:
        The refresh id to use from now on; None when the sign-in is over. An older refresh id means that a copy is
        about: the sign-in then ends for everybody who holds it.
    """
    sign_in = session.scalar(select(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None)).with_for_update())
    if sign_in is None:
        return None
    if sign_in.refresh_id == refresh_id:
        return _rotate(session, sign_in)
    if sign_in.previous_refresh_id == refresh_id and _just_refreshed(session, sign_in):
        return sign_in.refresh_id
    end_sign_in(session, sign_in_id)
    return None


def _rotate(session: Session, sign_in: SignIn) -> UUID:
    sign_in.previous_refresh_id, sign_in.refresh_id = sign_in.refresh_id, uuid7()
    sign_in.refreshed_at = session.execute(select(func.clock_timestamp())).scalar_one()
    session.flush()
    return sign_in.refresh_id


def _just_refreshed(session: Session, sign_in: SignIn) -> bool:
    return bool(session.scalar(select(func.clock_timestamp() - REFRESH_GRACE < sign_in.refreshed_at)))
