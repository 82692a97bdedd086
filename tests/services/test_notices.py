"""Who is owed a notice, when, and once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.services.work import claimed, identity, job, new_account, say, transaction
from webapp.domain import HandoverReason, JobKind, Language, Role
from webapp.models import Account, Conversation, Firm, Job, PeriodicRun
from webapp.services import conversations, desk, notices, supervision
from webapp.services.firm import Choices
from webapp.services.notices import Call, Letter

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity

PARIS = "Europe/Paris"
ALWAYS = {"hours": [[{"start": "00:00", "end": "23:59:59.999999"}]] * 7, "public_holidays": False}
NEVER = {"hours": [[]] * 7}
WAITS_FOR_A_LOCK = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
WORDS = "mon volet est bloqué"


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


@pytest.fixture
def staff(session: Session) -> Identity:
    return identity(session, Role.STAFF)


def _owed(session: Session) -> list[Job]:
    return list(session.scalars(select(Job).where(Job.kind == JobKind.MAIL).order_by(Job.number)))


def _told(session: Session) -> list[str]:
    return [owed.request["notice"] for owed in _owed(session)]


def _choose(session: Session, choices: dict[str, object]) -> None:
    session.get_one(Firm, 1).choices = choices
    session.flush()


def _wait(session: Session, client: Identity, minutes: float = 0) -> Conversation:
    """A case that has waited for a person so long."""
    sent = say(session, client, WORDS)
    conversations.ask_for_a_person(session, client, sent.conversation_id, WORDS)
    conversation = session.get_one(Conversation, sent.conversation_id, populate_existing=True)
    assert conversation.waiting_since is not None
    conversation.waiting_since -= timedelta(minutes=minutes)
    session.flush()
    return conversation


def _tell(session: Session, *, webhook: bool = False) -> int:
    return notices.tell_of_waits(session, PARIS, webhook=webhook)


def _letter(session: Session, owed: Job) -> Letter | Call | None:
    return notices.owed(session, owed.id, owed.request)


def test_a_person_who_answers_is_told_once_a_turn(session: Session, client: Identity, staff: Identity) -> None:
    case = say(session, client, WORDS).conversation_id
    for words in ("Je regarde", "C'est réparé", "Bonne journée"):
        desk.speak(session, staff, case, words, None)
    assert _told(session) == ["person_answered"]
    say(session, client, "Merci", case)
    desk.speak(session, staff, case, "De rien", None)
    assert _told(session) == ["person_answered"] * 2
    letter = _letter(session, _owed(session)[0])
    assert isinstance(letter, Letter)
    assert (letter.to, letter.path, letter.language) == (client.email, f"/chat/{case}", Language.FR)


def test_an_answer_of_another_day_is_told_again(session: Session, client: Identity, staff: Identity) -> None:
    case = say(session, client).conversation_id
    desk.speak(session, staff, case, "Je regarde", None)
    session.execute(text("UPDATE message SET created_at = created_at - interval '25 h' WHERE role = 'staff'"))
    desk.speak(session, staff, case, "C'est réparé", None)
    desk.speak(session, staff, case, "Bonne journée", None)
    assert _told(session) == ["person_answered"] * 2


def test_a_repeated_request_tells_nothing_twice(session: Session, client: Identity, staff: Identity) -> None:
    case = say(session, client).conversation_id
    for _ in range(2):
        desk.speak(session, staff, case, "Je regarde", "the same key")
        conversations.close(session, staff, case)
    assert _told(session) == ["person_answered", "case_closed"]


def test_each_closing_by_staff_is_told_and_none_by_the_customer(
    session: Session, client: Identity, staff: Identity
) -> None:
    case = say(session, client).conversation_id
    conversations.close(session, client, case)
    assert _told(session) == []
    for _ in range(2):
        conversations.reopen(session, client, case)
        conversations.close(session, staff, case)
    assert _told(session) == ["case_closed"] * 2


def test_whoever_is_gone_gets_no_mail(session: Session, client: Identity, staff: Identity) -> None:
    desk.speak(session, staff, say(session, client).conversation_id, "Je regarde", None)
    account = session.get_one(Account, client.account_id)
    account.active = False
    assert _letter(session, _owed(session)[0]) is None
    account.active, account.locale = True, Language.EN
    letter = _letter(session, _owed(session)[0])
    assert isinstance(letter, Letter)
    assert letter.language is Language.EN
    session.execute(text("DELETE FROM account WHERE id = :id"), {"id": client.account_id})
    session.expire_all()
    assert _letter(session, _owed(session)[0]) is None


def test_a_job_holds_no_word_no_name_and_no_address(session: Session, client: Identity, staff: Identity) -> None:
    _choose(session, ALWAYS)
    case = _wait(session, client, 30)
    _tell(session, webhook=True)
    desk.speak(session, staff, case.id, WORDS, None)
    kept = str([(owed.request, owed.dedupe_key) for owed in _owed(session)])
    assert len(_owed(session)) == 3
    for secret in (WORDS, client.email, staff.email, "bloqué"):
        assert secret not in kept


def test_a_long_wait_is_told_to_every_active_person_once(session: Session, client: Identity, staff: Identity) -> None:
    _choose(session, ALWAYS | {"late_after_minutes": 10})
    admin, gone = new_account(session, Role.ADMIN), new_account(session, Role.STAFF)
    gone.active = False
    _wait(session, client, 9)
    assert _tell(session) == 0
    case = _wait(session, client, 11)
    assert [_tell(session) for _ in range(3)] == [1, 0, 0]
    assert set(_told(session)) == {"customer_waits"}
    readers = {UUID(owed.request["account_id"]) for owed in _owed(session)}
    assert readers == {staff.account_id, admin.id}
    assert {owed.request["path"] for owed in _owed(session)} == {f"/conversations/{case.id}"}


def test_a_case_in_somebodys_hands_is_told_to_them_alone(session: Session, client: Identity, staff: Identity) -> None:
    _choose(session, ALWAYS)
    mine, orphaned = _wait(session, client, 60), _wait(session, client, 60)
    gone = new_account(session, Role.STAFF)
    gone.active, mine.assignee_id, orphaned.assignee_id = False, staff.account_id, gone.id
    new_account(session, Role.ADMIN)
    session.flush()
    assert _tell(session) == 2
    told = [owed.request["conversation_id"] for owed in _owed(session)]
    assert (told.count(str(mine.id)), told.count(str(orphaned.id))) == (1, 2)


def test_a_next_wait_of_the_same_case_is_told_again(session: Session, client: Identity, staff: Identity) -> None:
    _choose(session, ALWAYS)
    case = _wait(session, client, 60)
    _tell(session)
    desk.speak(session, staff, case.id, "Je regarde", None)
    assert _letter(session, _owed(session)[0]) is None, "the wait is over: nothing is to be told of it"
    say(session, client, "Et alors ?", case.id)
    session.execute(text("UPDATE conversation SET waiting_since = waiting_since - interval '1 h'"))
    session.expire_all()
    assert _tell(session) == 1
    assert _told(session) == ["customer_waits", "person_answered", "customer_waits"]
    assert isinstance(_letter(session, _owed(session)[2]), Letter)


def test_a_wait_that_begins_out_of_hours_is_told_at_once(session: Session, client: Identity, staff: Identity) -> None:
    _choose(session, NEVER)
    case = _wait(session, client)
    assert [_tell(session, webhook=True) for _ in range(3)] == [1, 0, 0]
    assert _told(session) == ["waits_out_of_hours"] * 2
    call = _letter(session, _owed(session)[1])
    assert isinstance(call, Call)
    assert case.waiting_since is not None
    assert (call.conversation_id, call.firm) == (str(case.id), Choices().name)
    assert datetime.fromisoformat(call.waiting_since) == case.waiting_since
    _choose(session, ALWAYS)
    session.execute(text("UPDATE periodic_run SET slot = slot - interval '1 h'"))
    case.waiting_since -= timedelta(hours=1)
    session.flush()
    assert _tell(session) == 1
    assert _told(session)[2:] == ["customer_waits"]
    assert staff.account_id == UUID(_owed(session)[2].request["account_id"])


def test_two_dispatchers_at_once_tell_of_a_wait_once(database_url: str) -> None:
    """The second waits for what the first will say, and then says nothing."""
    with transaction(database_url) as session:
        _choose(session, ALWAYS)
        new_account(session, Role.STAFF)
        _wait(session, identity(session), 60)
    found: list[int] = []
    other = threading.Thread(target=lambda: found.append(_tell_alone(database_url)))
    with transaction(database_url) as one:
        assert _tell(one) == 1
        other.start()
        wait_until(lambda: bool(query(database_url, WAITS_FOR_A_LOCK)), "the other to wait")
    other.join()
    assert found == [0]
    with transaction(database_url) as late:
        assert _tell(late) == 0
        assert _told(late) == ["customer_waits"]


def test_a_night_of_waits_told_of_hides_no_newer_one(
    session: Session, client: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "WAITS_AT_ONCE", 2)
    _choose(session, NEVER)
    new_account(session, Role.STAFF)
    for minutes in (50, 40):
        _wait(session, client, minutes)
    assert (_tell(session), _tell(session)) == (2, 0)
    _wait(session, client, 30)
    assert (_tell(session), _tell(session)) == (1, 0)
    _choose(session, ALWAYS)  # and all of them are told of again once they are late
    assert (_tell(session), _tell(session), _tell(session)) == (2, 1, 0)
    assert _told(session) == ["waits_out_of_hours"] * 3 + ["customer_waits"] * 3


def _tell_alone(database_url: str) -> int:
    with transaction(database_url) as session:
        return _tell(session)


def test_what_was_kept_of_a_wait_goes_when_the_wait_is_over(session: Session, client: Identity) -> None:
    _choose(session, ALWAYS)
    over, waits = _wait(session, client, 60), _wait(session, client, 60)
    session.add(PeriodicRun(task="another", slot=datetime.now(UTC)))
    _tell(session)
    over.waiting_since = None
    session.flush()
    notices.forget_waits(session)
    assert set(session.scalars(select(PeriodicRun.task))) == {f"customer_waits:{waits.id}", "another"}
    assert _tell(session) == 0


def test_a_link_is_forgotten_with_its_mail_whatever_comes_of_it(session: Session) -> None:
    account = new_account(session, Role.STAFF)
    paths = [f"/welcome/{uuid4()}" for _ in range(2)]
    for path in paths:
        notices.invite(session, account, path)
        notices.invite(session, account, path)
    refused, late = _owed(session)
    assert [owed.request["path"] for owed in (refused, late)] == paths
    assert not any(path.removeprefix("/welcome/") in str(refused.dedupe_key) for path in paths)
    assert supervision.refuse(session, claimed(session, refused.id, JobKind.MAIL), "recipient")
    supervision.give_up(session, late.id, HandoverReason.DEADLINE)
    ended = [job(session, owed.id) for owed in (refused, late)]
    assert [(owed.error_code, owed.request) for owed in ended] == [("recipient", {}), ("deadline", {})]


def test_a_wait_is_read_by_an_index(session: Session) -> None:
    session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = session.execute(text("EXPLAIN " + str(notices._WAITS.text)), {"limit": 1000, "told": True}).scalars()  # noqa: SLF001
    assert "ix_conversation_waiting" in "\n".join(plan)
