"""The firm's people: invitations, links that work once, and who may take what from whom."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text, update

from tests.services.work import claimed, identity, new_account, transaction
from webapp.domain import HandoverReason, JobKind, JobStatus, Language, Role
from webapp.errors import EmailTakenError, LastAdminError, LinkSpentError, NotFoundError, OwnAccessError, SignedOutError
from webapp.models import Account, Change, Job, Link
from webapp.services import accounts, jobs, notices, people, supervision

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from webapp.services.jobs import Claim

PASSWORD = "une phrase assez longue"


def _invited(session: Session, role: Role = Role.STAFF) -> tuple[Account, str]:
    author = new_account(session, Role.ADMIN)
    return people.invite(session, author.id, "Nina@example.com", name="Nina", role=role, locale=Language.EN)


def test_an_invited_person_chooses_a_password_and_is_in(session: Session) -> None:
    account, secret = _invited(session)
    assert (account.email, account.role, account.locale, account.active) == (
        "nina@example.com",
        Role.STAFF,
        Language.EN,
        True,
    )
    assert people.look_at_link(session, secret).id == account.id
    assert people.open_link(session, secret, PASSWORD).id == account.id
    assert accounts.check_password(session, account.email, PASSWORD).id == account.id


def test_only_a_digest_of_the_secret_is_kept(session: Session) -> None:
    _, secret = _invited(session)
    kept = session.execute(text("SELECT link::text FROM link")).scalar_one()
    assert secret not in kept


def _sent(session: Session, claim: Claim) -> None:
    jobs.forget_request(session, claim)
    assert jobs.end(session, claim, JobStatus.SUCCEEDED)


def _refused(session: Session, claim: Claim) -> None:
    assert supervision.refuse(session, claim, "recipient")


def _given_up(session: Session, claim: Claim) -> None:
    supervision.give_up(session, claim.job_id, HandoverReason.DEADLINE)


@pytest.mark.parametrize("end", [_sent, _refused, _given_up])
def test_the_mail_of_a_link_forgets_it_however_it_ends(session: Session, end: Callable[[Session, Claim], None]) -> None:
    account, secret = _invited(session)
    notices.invite(session, account, f"/welcome/{secret}")
    claim = claimed(session, session.query(Job).filter_by(kind=JobKind.MAIL).one().id, JobKind.MAIL)
    assert secret in str(claim.request)
    end(session, claim)
    session.flush()
    assert secret not in session.execute(text("SELECT job::text FROM job WHERE kind = 'mail'")).scalar_one()


def test_a_known_address_is_not_invited(session: Session) -> None:
    known = new_account(session)
    with pytest.raises(EmailTakenError):
        people.invite(session, known.id, known.email.upper(), name="N", role=Role.STAFF, locale=Language.FR)


def _used(session: Session, secret: str) -> None:
    people.open_link(session, secret, PASSWORD)


def _too_old(session: Session, _secret: str) -> None:
    session.execute(update(Link).values(expires_at=func.clock_timestamp()))


def _deactivated(session: Session, _secret: str) -> None:
    session.execute(update(Account).where(Account.name == "Nina").values(active=False))


def _followed_by_another_that_is_used(session: Session, _secret: str) -> None:
    later = people.link_of_forgetful(session, "NINA@example.com")
    assert later is not None
    people.open_link(session, later[1], PASSWORD)


@pytest.mark.parametrize("spoil", [_used, _too_old, _deactivated, _followed_by_another_that_is_used])
def test_a_spent_link_opens_nothing(session: Session, spoil: Callable[[Session, str], None]) -> None:
    account, secret = _invited(session)
    spoil(session, secret)
    session.expire_all()
    before = account.password_hash
    for attempt in (people.look_at_link, lambda *given: people.open_link(*given, "un autre mot de passe")):
        with pytest.raises(LinkSpentError), session.begin_nested():
            attempt(session, secret)
    session.expire_all()
    assert account.password_hash == before


@pytest.mark.parametrize("secret", ["", "nonsense", "\ud800", "x" * 5000])
def test_a_link_that_never_was_opens_nothing(session: Session, secret: str) -> None:
    with pytest.raises(LinkSpentError):
        people.look_at_link(session, secret)


def test_a_new_password_ends_the_sessions_of_the_old_one(session: Session) -> None:
    somebody = identity(session)
    found = people.link_of_forgetful(session, somebody.email)
    assert found is not None
    people.open_link(session, found[1], PASSWORD)
    with pytest.raises(SignedOutError):
        accounts.identify(session, somebody.sign_in_id)


def test_only_an_active_account_is_given_a_link(session: Session) -> None:
    gone = new_account(session)
    gone.active = False
    session.flush()
    assert people.link_of_forgetful(session, gone.email) is None
    assert people.link_of_forgetful(session, "nobody@example.com") is None
    assert session.query(Link).count() == 0


def test_the_list_is_of_the_firms_people_and_says_who_never_came(session: Session) -> None:
    account, _ = _invited(session)
    present = identity(session, Role.STAFF)
    customer = identity(session)
    listed = people.list_people(session, None, 100)
    assert {account.id, present.account_id} <= {row.id for row in listed}
    assert customer.account_id not in {row.id for row in listed}
    never = people.invited(session, listed)
    assert account.id in never
    assert present.account_id not in never
    _too_old(session, "")
    assert people.invited(session, listed) == set()


def test_who_is_deactivated_is_out_at_once(session: Session) -> None:
    author, other = identity(session, Role.ADMIN), identity(session, Role.STAFF)
    people.change(session, author.account_id, other.account_id, role=None, active=False)
    with pytest.raises(SignedOutError):
        accounts.identify(session, other.sign_in_id)
    people.change(session, author.account_id, other.account_id, role=None, active=True)
    with pytest.raises(SignedOutError):
        accounts.identify(session, other.sign_in_id)


def test_a_role_is_read_afresh(session: Session) -> None:
    author, other = identity(session, Role.ADMIN), identity(session, Role.STAFF)
    people.change(session, author.account_id, other.account_id, role=Role.ADMIN, active=None)
    assert accounts.identify(session, other.sign_in_id).role is Role.ADMIN


def test_nobody_changes_herself(session: Session) -> None:
    author = identity(session, Role.ADMIN)
    new_account(session, Role.ADMIN)
    for wanted in ({"role": Role.STAFF, "active": None}, {"role": None, "active": False}):
        with pytest.raises(OwnAccessError):
            people.change(session, author.account_id, author.account_id, **wanted)


def test_customers_are_none_of_the_firms_people(session: Session) -> None:
    author, customer = identity(session, Role.ADMIN), identity(session)
    with pytest.raises(NotFoundError):
        people.change(session, author.account_id, customer.account_id, role=Role.ADMIN, active=None)


@pytest.mark.parametrize("wanted", [{"role": Role.STAFF, "active": None}, {"role": None, "active": False}])
def test_the_last_admin_stays(session: Session, wanted: dict[str, object]) -> None:
    author, last = new_account(session, Role.STAFF), new_account(session, Role.ADMIN)
    with pytest.raises(LastAdminError):
        people.change(session, author.id, last.id, **wanted)  # type: ignore[arg-type]  # as above
    new_account(session, Role.ADMIN)
    people.change(session, author.id, last.id, **wanted)  # type: ignore[arg-type]  # idem


def test_changes_are_kept_without_address_or_password(session: Session) -> None:
    author, other = identity(session, Role.ADMIN), new_account(session, Role.STAFF)
    account, secret = _invited(session)
    people.open_link(session, secret, PASSWORD)
    people.change(session, author.account_id, other.id, role=Role.ADMIN, active=None)
    people.change(session, author.account_id, other.id, role=Role.ADMIN, active=True)
    kept = session.scalars(select(Change).order_by(Change.created_at)).all()
    assert [(row.subject, row.before, row.after) for row in kept] == [
        (f"account:{account.id}", {}, {"role": "staff", "active": True}),
        (f"account:{other.id}", {"role": "staff", "active": True}, {"role": "admin", "active": True}),
    ]


def test_two_admins_cannot_take_the_role_from_each_other_at_once(database_url: str) -> None:
    with transaction(database_url) as session:
        first, second = new_account(session, Role.ADMIN).id, new_account(session, Role.ADMIN).id
    gate, refused = threading.Barrier(2), []

    def demote(author: object, other: object) -> None:
        try:
            with transaction(database_url) as session:
                gate.wait()
                people.change(session, author, other, role=Role.STAFF, active=None)  # type: ignore[arg-type]  # ids
        except LastAdminError as error:
            refused.append(error)

    threads = [threading.Thread(target=demote, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with transaction(database_url) as session:
        assert session.query(Account).filter_by(role=Role.ADMIN, active=True).count() == 1
