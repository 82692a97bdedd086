"""Words as they are folded, kept and found: the same function writes and asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from tests.services.work import answer, identity, reply, say, transaction
from webapp.domain import ConversationStatus, Language, Role
from webapp.models import Account, Conversation, ConversationSearch, Message, SearchDue
from webapp.services import accounts, conversations, desk, search
from webapp.services.conversations import Filter
from webapp.services.handover import lock_conversation, touch

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from sqlalchemy.orm import Session

    from webapp.services.accounts import Identity

Found = list["UUID"]


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


def index(session: Session) -> None:
    while search.index_due(session):
        session.expire_all()


def find(session: Session, reader: Identity, q: str, **cut: object) -> Found:
    return [row.id for row in conversations.find(session, reader, Filter(q=q, **cut))]  # type: ignore[arg-type]  # its own fields


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("Mes volets roulants", "volet roulant"),
        ("mon volet", "VOLETS"),
        ("La fenêtre est cassée", "cassee FENETRES"),
        ("Fe\u0302ne\u0302tre", "fenêtre"),  # the accent as a character of its own
        ("ÉLÉGANT ŒUVRE", "oeuvre élégant"),
        ("les travaux", "travail"),
        ("des tuyaux", "tuyau"),
        ("two boxes, three switches", "box switch"),
        ("the batteries", "battery"),
        ("deux batteries", "batterie"),
        ("l’eau d'ici", "eau ici"),
        ("porte-fenêtre", "portes-fenêtres"),
        ("Commande CMD-2024-00123.", "cmd-2024-00123"),
        ("Commande CMD-2024-00123.", "CMD 2024/00123"),
        ("Commande CMD-2024-00123.", "00123"),
        ("commande n°12345, merci", "12345"),
        ("facture FA 2024/118", "FA 2024/118"),
        ("facture FA 2024/118", "fa-2024-118"),
        ("facture FA-2024-118", "FA 2024/118"),
        ("il mesure 3,5m", "3.5m"),
        ("a" * 60 + "7", "A" * 60 + "7"),
    ],
)
def test_it_is_found(session: Session, staff: Identity, said: Callable[..., UUID], written: str, asked: str) -> None:
    case = said(written)
    said("Bonjour, autre chose : 2023, 119, 3, 5 et une lampe")
    assert find(session, staff, asked) == [case]


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("commande 123456", "12345"),
        ("commande 12345", "123456"),
        ("commande 012345", "12345"),
        ("CMD-2024-00123", "CMD-2024-0012"),
        ("CMD-2023-00123 du 5 mai 2024", "CMD-2024-00123"),
        ("CMD du 2024, 00123", "CMD-2024-00123"),
        ("il mesure 35 m", "3,5"),
        ("réf 12345s", "12345"),
        ("a" * 60 + "7", "a" * 60 + "8"),
        ("volet roulant", "volet porte"),
        ("volet roulant", "vole"),
        ("volet", "pas un volet"),
    ],
)
def test_it_is_not_found(
    session: Session, staff: Identity, said: Callable[..., UUID], written: str, asked: str
) -> None:
    said(written)
    assert find(session, staff, asked) == []


def test_words_may_stand_in_any_message_of_any_author_the_subject_and_the_summary(
    session: Session, staff: Identity, client: Identity
) -> None:
    sent = say(session, client, "Mon volet est bloqué")
    answer(session, sent.job_id, reply("Vérifiez le disjoncteur."))
    desk.speak(session, staff, sent.conversation_id, "Un technicien passera.", None)
    desk.change(session, staff, sent.conversation_id, desk.Change(subject="Panne"))
    conversations.close(session, client, sent.conversation_id)
    index(session)
    closed = lock_conversation(session, sent.conversation_id)
    closed.summary = "Moteur remplacé."
    touch(closed)
    session.flush()
    index(session)
    for reader in (staff, client):
        assert find(session, reader, "volet disjoncteurs technicien panne moteur") == [sent.conversation_id]


def test_a_subject_that_was_changed_is_found_by_its_new_words_alone(
    session: Session, staff: Identity, client: Identity
) -> None:
    sent = say(session, client, "Bonjour")
    for subject in ("Portail", "Garage"):
        desk.change(session, staff, sent.conversation_id, desk.Change(subject=subject))
        index(session)
    assert find(session, staff, "portail") == []
    assert find(session, staff, "garage") == [sent.conversation_id]


def test_staff_finds_a_customer_by_name_and_address_as_they_are_now(
    session: Session, staff: Identity, client: Identity, said: Callable[..., UUID]
) -> None:
    case = said("Un volet")
    account = session.get_one(Account, client.account_id)
    account.name, account.email = "Zoé Lefèvre", "zoe.lefevre75@example.org"
    session.flush()
    index(session)
    for asked in ("lefevre zoe", "zoe.lefevre75@example.org", "lefevre volets"):
        assert find(session, staff, asked) == [case]
        assert find(session, client, asked) == []
    assert find(session, staff, client.email) == []


def test_customers_find_their_own_and_nothing_internal(
    session: Session, staff: Identity, client: Identity, said: Callable[..., UUID]
) -> None:
    case = said("Un volet")
    conversation = session.get_one(Conversation, case)
    conversation.brief, conversation.handover_note = "interne", "confidentiel"
    conversation.version += 1
    session.flush()
    index(session)
    other = identity(session)
    theirs = say(session, other, "Un autre volet").conversation_id
    index(session)
    assert find(session, client, "volet") == [case]
    assert find(session, other, "volet") == [theirs]
    assert find(session, staff, "volet") == [theirs, case]
    for reader in (client, staff):
        assert find(session, reader, "interne") == find(session, reader, "confidentiel") == []


@pytest.mark.parametrize(
    "hostile", ["'\"&|!()<->:*\\", "a & b | !c", "\x00", "le la les", "''", "@", "@staff", "%", "x" * 300]
)
def test_hostile_words_are_words_or_nothing(
    session: Session, staff: Identity, said: Callable[..., UUID], hostile: str
) -> None:
    said("Un volet")
    assert find(session, staff, hostile) == []


@pytest.mark.parametrize("wordless", ["?!…", "📦👍🏽", "\x00\x01", "'--", "\\", "- / ."])
def test_no_word_finds_nothing_and_no_text_is_no_search(
    session: Session, staff: Identity, said: Callable[..., UUID], wordless: str
) -> None:
    case = said(f"Un volet {wordless}".replace("\x00", ""))
    assert find(session, staff, wordless) == []
    assert find(session, staff, f"volet {wordless}") == [case]
    assert find(session, staff, "  ") == [case]


@settings(max_examples=60, deadline=None)
@given(written=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=80))
def test_a_text_is_found_by_itself_whatever_it_is(services_url: str, written: str) -> None:
    terms = text("SELECT array_to_tsvector(ARRAY(SELECT search_words(:it))) @@ search_query(:it, false)")
    with transaction(services_url) as session:
        assert session.execute(terms, {"it": written}).scalar_one() is not False


@pytest.mark.parametrize("first_look", [1_000, 2])
@pytest.mark.parametrize("by_wait", [False, True])
def test_looking_and_fetching_give_the_same_pages(
    session: Session, client: Identity, monkeypatch: pytest.MonkeyPatch, *, first_look: int, by_wait: bool
) -> None:
    staff = identity(session, Role.STAFF)
    monkeypatch.setattr(search, "FIRST_LOOK", first_look)
    cases = [say(session, client, f"{'volet' if n % 3 else 'porte'} {n}").conversation_id for n in range(20)]
    for case in cases:
        conversations.ask_for_a_person(session, client, case, None)
    index(session)
    expected = [case for n, case in enumerate(cases) if n % 3]
    found: Found = []
    after: Any = None
    while page := conversations.find(session, staff, Filter(q="volets", by_wait=by_wait, after=after, limit=4)):
        found += [row.id for row in page[:4]]
        last = page[min(3, len(page) - 1)]
        after = (last.waiting_since if by_wait else last.updated_at, last.id)
    assert found == (expected if by_wait else expected[::-1])


@pytest.mark.parametrize("first_look", [1_000, 0], ids=["looking", "fetching"])
def test_filters_cut_what_is_found(
    session: Session, client: Identity, said: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch, first_look: int
) -> None:
    staff = identity(session, Role.STAFF)
    monkeypatch.setattr(search, "FIRST_LOOK", first_look)
    mine, nobodys = said("Un volet"), said("Un volet encore")
    desk.change(session, staff, mine, desk.Change(assignee_id=staff.account_id))
    desk.mark_seen(session, session.get_one(Conversation, mine))
    index(session)
    for cut, expected in (
        ({"assignee_id": staff.account_id}, [mine]),
        ({"unassigned": True}, [nobodys]),
        ({"unread": True}, [nobodys]),
        ({"unread": False}, [mine]),
        ({"client_id": client.account_id}, [mine, nobodys]),
        ({"client_id": staff.account_id}, []),
        ({"status": ConversationStatus.NEW, "language": Language.FR}, [mine, nobodys]),
        ({"status": ConversationStatus.CLOSED}, []),
        ({"language": Language.EN}, []),
    ):
        for q in ("", "volet"):
            assert find(session, staff, q, **cut) == expected
    assert find(session, client, "volet", unread=True, client_id=staff.account_id) == [mine, nobodys]
    assert find(session, identity(session), "volet") == []


def test_a_member_of_staff_who_leaves_takes_no_case_out_of_the_search(
    session: Session, staff: Identity, said: Callable[..., UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FIRST_LOOK", 0)
    case, leaving = said("Un volet"), identity(session, Role.STAFF)
    desk.change(session, staff, case, desk.Change(assignee_id=leaving.account_id))
    index(session)
    assert find(session, staff, "volet", assignee_id=leaving.account_id) == [case]
    session.execute(text("DELETE FROM account WHERE id = :id"), {"id": leaving.account_id})
    index(session)
    assert find(session, staff, "volet", unassigned=True) == [case]


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
