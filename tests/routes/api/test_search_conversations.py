"""Searching and cutting the list of cases over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.routes.api.problem import problem
from tests.services.work import transaction
from webapp.services import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.api import ApiClient

PATH = "/api/conversations"


@pytest.fixture
def index(database_url: str) -> Callable[[], None]:
    """What the dispatcher does twice a second."""

    def until_nothing_is_due() -> None:
        due = 1
        while due:
            with transaction(database_url) as session:
                due = search.index_due(session)

    return until_nothing_is_due


def _found(reader: ApiClient, **params: object) -> list[str]:
    answer = reader.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def _walk(reader: ApiClient, **params: Any) -> list[str]:  # noqa: ANN401  as given
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = reader.get(PATH, params=params | ({"cursor": cursor} if cursor else {})).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    return found


def test_customers_search_their_own_and_staff_all(
    client: ApiClient, staff: ApiClient, new_client: Callable[[], ApiClient], index: Callable[[], None]
) -> None:
    other = new_client()
    other.register(name="Zoé Ferrand")
    mine = client.chat("Mes volets, commande CMD-2024-00123")["conversation_id"]
    theirs = other.chat("Mon volet, commande CMD-2024-00124")["conversation_id"]
    index()
    assert _found(client, q="commande VOLET") == [mine]
    assert _found(other, q="commande VOLET") == [theirs]
    assert _found(client, q="CMD-2024-00124") == _found(client, q="zoe ferrand") == []
    assert _found(staff, q="cmd-2024-00124") == _found(staff, q="ferrand volets") == [theirs]


def test_a_search_is_walked_page_by_page(client: ApiClient, staff: ApiClient, index: Callable[[], None]) -> None:
    cases = []
    for n in range(5):
        cases.append(client.chat(f"Le portillon {n}")["conversation_id"])
        if n < 3:
            client.post(f"{PATH}/{cases[n]}/handoff")
    index()
    assert _walk(staff, q="portillons", limit=2) == cases[::-1]
    assert _walk(staff, q="portillons", limit=2, sort="wait") == cases[:3]
    assert _walk(staff, q="portillons", limit=2, status="waiting_staff") == cases[:3][::-1]


def test_lists_are_cut_by_who_has_the_case_language_customer_and_what_is_unread(
    client: ApiClient, staff: ApiClient
) -> None:
    taken, free = (client.chat(words)["conversation_id"] for words in ("Un", "Deux"))
    staff.patch(f"{PATH}/{taken}", {"assignee_id": staff.user["id"]})
    of_client = {"client": client.user["id"]}
    assert _found(staff, assignee="me") == _found(staff, assignee=staff.user["id"]) == [taken]
    assert _found(staff, assignee="none", **of_client) == [free]
    assert _found(staff, language="fr", **of_client) == [taken, free]
    assert _found(staff, language="en", **of_client) == []
    assert _found(staff, unread="true", **of_client) == [taken, free]
    assert _found(staff, unread="false", **of_client) == []
    assert _found(client, unread="false") == [taken, free]  # not for customers to know


@pytest.mark.parametrize(
    "q",
    [
        "'\"&|!()<->:*\\",
        "\x00",
        "\x00volet\x00",
        "le la les",
        "?!…",
        "📦👍🏽",
        "%",
        "_",
        "é" * 300,
        "\ufeff",
        "' OR 1=1 --",
        "1-" * 150,
        "\\",
        "::",
        "a" * 300,
    ],
)
def test_hostile_words_are_answered(client: ApiClient, staff: ApiClient, q: str, index: Callable[[], None]) -> None:
    client.chat("Un volet")
    index()
    for reader in (client, staff):
        assert reader.get(PATH, params={"q": q}).status_code == 200


def test_bytes_that_are_no_text_are_answered(client: ApiClient) -> None:
    assert client.get(f"{PATH}?q=%ff%ed%a0%80").status_code == 200


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("q", "volet " * 60, 422),
        ("q", "x" * 10_000, 422),
        ("unread", "yes", 422),
        ("language", "de", 422),
        ("client", "me too", 404),
        ("assignee", "nobody", 404),
    ],
)
def test_what_is_no_filter_is_refused(staff: ApiClient, name: str, value: str, status: int) -> None:
    found = problem(staff.get(PATH, params={name: value}), status)
    if status == 422:
        assert found["errors"][0]["field"] == name
