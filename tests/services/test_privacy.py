"""What a customer may ask about herself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import insert, text

from tests.services import pictures
from tests.services.work import answer, identity, say
from webapp.domain import FactKind, FactState, FoundFact, Language
from webapp.models import Account, Attachment, Erasure
from webapp.services import facts, people, privacy

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

THEIRS = ("account", "sign_in", "conversation", "message", "job", "link")


def test_a_profile_changes_where_it_is_given(session: Session) -> None:
    me = identity(session)
    privacy.change_profile(session, me.account_id, {"phone": "01 23 45 67 89", "locale": Language.EN})
    changed = privacy.profile(session, me.account_id)
    assert (changed.phone, changed.locale, changed.name) == ("01 23 45 67 89", Language.EN, me.name)


@pytest.mark.parametrize("field", ["role", "email", "password_hash", "active"])
def test_nothing_else_of_an_account_is_a_profiles(session: Session, field: str) -> None:
    with pytest.raises(KeyError):
        privacy.change_profile(session, identity(session).account_id, {field: "admin"})


def test_everything_about_me_is_mine_alone_and_holds_no_secret(session: Session) -> None:
    me, other = identity(session), identity(session)
    mine = say(session, me, "Mon volet est bloqué")
    assert answer(session, mine.job_id)
    say(session, other, "Le volet d'un autre")
    given = dict(privacy.everything_about(session, me.account_id))
    written = json.dumps(given, default=str, ensure_ascii=False)
    assert set(given) == {"account", "sign-ins", f"conversation-{mine.conversation_id}"}
    assert given["account"]["email"] == me.email
    assert [each["content"] for each in given[f"conversation-{mine.conversation_id}"]["messages"]] == [
        "Mon volet est bloqué",
        "Voici.",
    ]
    assert "d'un autre" not in written
    assert session.get_one(Account, me.account_id).password_hash not in [*given["account"].values()]
    assert "refresh_id" not in written


def test_what_was_read_in_my_pictures_is_in_it_with_what_i_decided(session: Session) -> None:
    me, other = identity(session), identity(session)
    mine, theirs = pictures.send(session, me, pictures.stored()), pictures.send(session, other, pictures.stored())
    for sent, values in ((mine, ("CMD2024-0117", "SN-4410", "SN-4411")), (theirs, ("CMD2024-9999",))):
        attachment = session.query(Attachment).filter_by(message_id=sent.message_id).one()
        facts.propose(session, attachment, [FoundFact(FactKind.ORDER_NUMBER, value) for value in values])
    order, serial, _ = facts.of(session, mine.conversation_id)
    facts.decide(session, me, order.id, confirmed=True)
    facts.decide(session, me, serial.id, confirmed=False)
    session.expire_all()
    told = dict(privacy.everything_about(session, me.account_id))[f"conversation-{mine.conversation_id}"]["facts"]
    assert {(each["value"], each["state"]) for each in told} == {
        ("CMD2024-0117", FactState.CONFIRMED),
        ("SN-4410", FactState.DECLINED),
        ("SN-4411", FactState.PROPOSED),
    }
    assert {each["kind"] for each in told} == {FactKind.ORDER_NUMBER}
    assert {each["attachment_id"] for each in told} == {order.attachment_id}


def test_nothing_is_left_of_who_is_erased(session: Session) -> None:
    me, other = identity(session), identity(session)
    said = say(session, me)
    assert answer(session, said.job_id)
    say(session, me, conversation_id=said.conversation_id)
    staying = say(session, other)
    people.link_of_forgetful(session, me.email)
    privacy.erase(session, me.account_id)
    counts = {table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in THEIRS}  # noqa: S608  names of our schema
    assert counts == {"account": 1, "sign_in": 1, "conversation": 1, "message": 1, "job": 1, "link": 0}
    session.expire_all()
    assert session.get(Account, other.account_id) is not None
    assert staying.conversation_id is not None


def test_an_erasure_is_remembered_by_a_digest_once(session: Session) -> None:
    me = identity(session)
    privacy.erase(session, me.account_id)
    privacy.erase(session, me.account_id)
    kept = session.query(Erasure).one()
    assert str(me.account_id) not in kept.digest


def test_who_comes_back_with_a_backup_is_erased_again_and_nobody_else(session: Session) -> None:
    gone, staying = identity(session), identity(session)
    row = session.get_one(Account, gone.account_id)
    backup = {column.key: getattr(row, column.key) for column in Account.__table__.columns}
    privacy.erase(session, gone.account_id)
    session.expire_all()
    session.execute(insert(Account).values(**backup))
    assert privacy.erase_again(session) == 1
    assert privacy.erase_again(session) == 0
    session.expire_all()
    assert session.get(Account, gone.account_id) is None
    assert session.get(Account, staying.account_id) is not None
