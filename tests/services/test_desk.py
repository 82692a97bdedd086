"""What stands beside a case: who may take it, what else its customer wrote, and giving it back to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.services.work import conversation, identity, say
from webapp.domain import Role
from webapp.models import Account
from webapp.services import desk
from webapp.services.desk import Change

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity


@pytest.fixture
def staff(session: Session) -> Identity:
    return identity(session, Role.STAFF)


def test_a_case_is_given_and_given_back(session: Session, staff: Identity) -> None:
    sent = say(session, identity(session))
    desk.change(session, staff, sent.conversation_id, Change(assignee_id=staff.account_id))
    desk.change(session, staff, sent.conversation_id, Change(subject="Volet"))
    assert conversation(session, sent).assignee_id == staff.account_id
    version = conversation(session, sent).version
    desk.change(session, staff, sent.conversation_id, Change(unassign=True))
    assert conversation(session, sent).assignee_id is None
    assert conversation(session, sent).version > version


def test_colleagues_are_the_active_people_of_the_firm_by_name(session: Session, staff: Identity) -> None:
    admin, gone, _ = identity(session, Role.ADMIN), identity(session, Role.STAFF), identity(session)
    session.get_one(Account, staff.account_id).name = "zoé"
    session.get_one(Account, admin.account_id).name = "Yann"
    session.get_one(Account, gone.account_id).active = False
    session.flush()
    assert [each.name for each in desk.colleagues(session)] == ["Yann", "zoé"]


def test_the_customers_other_last_conversations(session: Session) -> None:
    customer = identity(session)
    mine = [say(session, customer, f"Question {number}") for number in range(desk.OTHERS + 2)]
    say(session, identity(session), "D'une autre personne")
    others = desk.others_of(session, conversation(session, mine[3]))
    assert [each.id for each in others] == [mine[number].conversation_id for number in (6, 5, 4, 2, 1)]
