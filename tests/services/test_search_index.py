"""The search index beside the rows: brought up to date after every change, once, whatever breaks half way."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from tests.services.test_search import find, index
from tests.services.work import answer, identity, reply, say, transaction
from webapp.domain import Role
from webapp.models import Account, ConversationSearch, Message, SearchDue
from webapp.services import accounts, desk, search

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity


@pytest.fixture
def client(session: Session) -> Identity:
    return identity(session)


@pytest.fixture
def staff(session: Session) -> Identity:
    return identity(session, Role.STAFF)


@pytest.fixture
def said(session: Session, client: Identity) -> Callable[..., UUID]:
    """Says something in a new case, or in a given one, and has it indexed."""

    def say_it(words: str, conversation_id: UUID | None = None) -> UUID:
        accepted = say(session, client, words, conversation_id)
        index(session)
        return accepted.conversation_id

    return say_it


def test_words_lie_outside_the_rows(session: Session, client: Identity) -> None:
    for n in range(30):
        say(session, client, " ".join(f"mot{n * word}" for word in range(100)))
    index(session)
    pages = text("SELECT count(DISTINCT (ctid::text::point)[0]) FROM conversation_search")
    assert session.execute(pages).scalar_one() <= 2


def test_a_change_without_words_leaves_the_index_alone(
    session: Session, staff: Identity, said: Callable[..., UUID]
) -> None:
    case = said("Un volet")
    light = text("SELECT pg_stat_get_xact_tuples_hot_updated('conversation_search'::regclass)")
    before = session.execute(light).scalar_one()
    desk.change(session, staff, case, desk.Change(assignee_id=staff.account_id))
    index(session)
    assert session.execute(light).scalar_one() == before + 1
    say(session, identity(session), "Une porte")
    index(session)
    assert session.execute(light).scalar_one() == before + 1


def test_every_change_is_due_and_a_message_is_indexed_once(session: Session, client: Identity) -> None:
    sent = say(session, client, "Un volet")
    say(session, client, "Une porte", sent.conversation_id)
    assert search.index_due(session) == 2
    assert search.index_due(session) == 0
    before = _row(session, sent.conversation_id)
    assert before.seq == 2
    answer(session, sent.job_id, reply("Une réponse"))
    index(session)
    assert _row(session, sent.conversation_id).seq == 3
    assert find(session, client, "volet porte reponse") == [sent.conversation_id]


def _row(session: Session, case: UUID) -> ConversationSearch:
    return session.get_one(ConversationSearch, case, populate_existing=True)


def test_a_long_case_is_indexed_a_part_at_a_time(
    session: Session, client: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MESSAGES_AT_ONCE", 2)
    sent = say(session, client, "mot0")
    for n in range(1, 7):
        say(session, client, f"mot{n}", sent.conversation_id)
    session.execute(text("DELETE FROM search_due WHERE id < (SELECT max(id) FROM search_due)"))
    assert search.index_due(session) == 1
    assert find(session, client, "mot6") == []
    index(session)
    assert find(session, client, " ".join(f"mot{n}" for n in range(7))) == [sent.conversation_id]


def test_a_case_of_too_many_words_keeps_the_first_and_stays_searchable(session: Session, client: Identity) -> None:
    sent = say(session, client, "premier")
    words = "SELECT string_agg(md5(n::text), ' ') FROM generate_series(1, 30000) n"
    session.execute(text(f"UPDATE message SET content = content || ' ' || ({words})"))  # noqa: S608  of this test
    say(session, client, "dernier", sent.conversation_id)
    index(session)
    assert session.scalar(text("SELECT length(body) FROM conversation_search")) == search.MAX_BODY
    assert _row(session, sent.conversation_id).seq == 2


def test_what_is_removed_leaves_the_search_even_while_it_is_due(session: Session, client: Identity) -> None:
    indexed, due = say(session, client, "Un volet"), None
    index(session)
    due = say(session, client, "Un volet")
    session.execute(text("DELETE FROM account WHERE id = :id"), {"id": client.account_id})
    assert session.scalars(select(ConversationSearch)).all() == []
    assert search.index_due(session) == 1
    assert session.scalars(select(ConversationSearch)).all() == []
    assert indexed != due


def test_what_fails_half_way_is_due_again(services_url: str) -> None:
    """Its own connections: a transaction that is rolled back is the crash."""
    with transaction(services_url) as session:
        client = accounts.register(
            session,
            f"{uuid4().hex}@example.com",
            "a password",
            name="C",
            role=Role.CLIENT,
            locale="fr",  # type: ignore[arg-type]
        )
    try:
        _crash_and_recover(services_url, client.id)
    finally:
        with transaction(services_url) as session:
            session.execute(text("DELETE FROM account WHERE id = :id"), {"id": client.id})
            session.execute(text("DELETE FROM search_due"))


def _crash_and_recover(services_url: str, client_id: UUID) -> None:
    with transaction(services_url) as session:
        opened = accounts.begin_sign_in(session, session.get_one(Account, client_id))
        client = accounts.identify(session, opened.id)
        case = say(session, client, "Un volet").conversation_id
    with pytest.raises(RuntimeError, match="crash"):
        _crash(services_url)
    with transaction(services_url) as one, transaction(services_url) as other:
        assert search.index_due(one) == 1
        assert search.index_due(other) == 0  # one at a time
    with transaction(services_url) as session:
        assert find(session, client, "volet") == [case]
        assert session.scalars(select(SearchDue)).all() == []
        assert session.scalars(select(Message.seq)).all() == [1]


def _crash(services_url: str) -> None:
    with transaction(services_url) as session:
        assert search.index_due(session) == 1
        raise RuntimeError("crash")


def test_a_case_being_removed_is_not_waited_for_and_stays_due(services_url: str) -> None:
    with transaction(services_url) as session:
        client = identity(session)
        case = say(session, client, "Un volet").conversation_id
    with transaction(services_url) as removing:
        removing.execute(text("SELECT 1 FROM conversation WHERE id = :id FOR UPDATE"), {"id": case})
        with transaction(services_url) as session:
            session.execute(text("SET LOCAL lock_timeout = '1s'"))
            assert search.index_due(session) == 1
            assert find(session, client, "volet") == []
    with transaction(services_url) as session:
        assert search.index_due(session) == 1
        assert find(session, client, "volet") == [case]
        session.execute(text("DELETE FROM account WHERE id = :id"), {"id": client.account_id})
        session.execute(text("DELETE FROM search_due"))
