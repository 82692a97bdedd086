"""Words as they are folded, kept and found: the same function writes and asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.services.work import answer, identity, reply, say, transaction
from webapp.domain import ConversationStatus, Language, Role
from webapp.models import Account, Conversation
from webapp.services import conversations, desk, search
from webapp.services.handover import lock_conversation, touch
from webapp.services.lists import Filter

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
