"""What a customer who waits for a person is told, by the API and on the pages, and how cheaply it is asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.servers import query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.harness.api import ApiClient, Json

CLOSED = "Nos bureaux sont fermés\u00a0: une personne vous répondra ici dès leur réouverture."


@pytest.fixture(autouse=True)
def _always_closed(database_url: str) -> Iterator[None]:
    """A firm that never opens, and where nobody waits yet, is told the same at any hour this test may run."""
    before = query(database_url, "SELECT choices::text FROM firm")
    query(database_url, """UPDATE firm SET choices = choices || '{"hours": [[], [], [], [], [], [], []]}'""")
    query(database_url, "UPDATE conversation SET status = 'new', waiting_since = NULL WHERE waiting_since IS NOT NULL")
    yield
    query(database_url, "UPDATE firm SET choices = %s::jsonb", before[0])


def _waits(client: ApiClient) -> str:
    case: str = client.chat("Mon volet est bloqué")["conversation_id"]
    assert client.post(f"/api/conversations/{case}/handoff", {"reason": "Urgent"}).status_code == 200
    return case


def test_the_standing_is_told_and_changes_the_entity_tag(
    new_client: Callable[[], ApiClient], client: ApiClient, staff: ApiClient
) -> None:
    assert client.conversation(client.chat("Bonjour")["conversation_id"])["standing"] is None
    other = new_client()
    other.register()
    ahead, case = _waits(other), _waits(client)
    path = f"/api/conversations/{case}"
    seen = client.get(path)
    place = f"{CLOSED} Votre demande est la 2ᵉ dans la file."
    assert seen.json()["standing"] == {"place": 2, "open_now": False, "opens_at": None, "sentence": place}
    assert client.get(path, headers={"If-None-Match": seen.headers["ETag"]}).status_code == 304
    assert staff.post(f"/api/conversations/{ahead}/messages", {"content": "Bonjour"}).status_code == 201
    moved = client.get(path, headers={"If-None-Match": seen.headers["ETag"]})
    assert (moved.status_code, moved.json()["standing"]["place"]) == (200, 1)
    assert other.conversation(ahead)["standing"] is None
    english = client.get(path, headers={"Accept-Language": "en", "If-None-Match": moved.headers["ETag"]})
    assert english.status_code in (200, 304)  # a cookie or the account may have the last word on the language


def test_only_staff_reads_why_and_the_brief(client: ApiClient, staff: ApiClient) -> None:
    case = _waits(client)
    told: Json = staff.conversation(case)
    assert (told["handover_reason"], told["handover_note"]) == ("customer", "Urgent")
    assert told["brief"].startswith("Demande\u00a0: Mon volet est bloqué")
    hidden = client.conversation(case)
    assert [hidden[name] for name in ("handover_reason", "handover_note", "brief")] == [None] * 3
    listed = client.get("/api/conversations").json()["items"][0]
    assert listed["brief"] is None


def test_the_pages_tell_the_same_and_offer_a_person(client: ApiClient) -> None:
    assert "Nos bureaux sont fermés en ce moment." in client.get("/chat").text
    case: str = client.chat("Mon volet est bloqué")["conversation_id"]
    for page in (f"/chat/{case}", f"/conversations/{case}"):
        assert f'action="/chat/{case}/person"' in client.get(page).text
    token = {"csrf_token": client.csrf_token}
    assert client.post(f"/chat/{case}/person", data=token).status_code in (302, 303)
    for page in (f"/chat/{case}", f"/conversations/{case}"):
        assert f"{CLOSED} Votre demande est la prochaine." in client.get(page).text
    assert f'action="/chat/{case}/person"' not in client.get(f"/conversations/{case}").text
