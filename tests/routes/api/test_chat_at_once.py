"""POST /api/chat: many at once count as one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.harness.api import ApiClient
from tests.harness.servers import query
from tests.routes.api.counted import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx
    from flask import Flask


JSON = {"Content-Type": "application/json"}
THREADS = 8


@pytest.fixture
def twins(app: Flask, client: ApiClient) -> Iterator[list[ApiClient]]:
    """Many browsers of the same customer."""
    made = [ApiClient.over_wsgi(app) for _ in range(THREADS)]
    for twin in made:
        twin.http.cookies.update(client.http.cookies)
    yield made
    for twin in made:
        twin.close()


def _at_once(
    twins: list[ApiClient], count: int, send: Callable[[ApiClient, int], httpx.Response]
) -> list[httpx.Response]:
    def of_one(twin: int) -> list[httpx.Response]:
        return [send(twins[twin], number) for number in range(twin, count, THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [each for some in pool.map(of_one, range(THREADS)) for each in some]


def test_fifty_sendings_of_one_key_are_one_message(
    twins: list[ApiClient], client: ApiClient, database_url: str
) -> None:
    answers = _at_once(twins, 50, lambda twin, _: twin.post("/api/chat", {"message": "Bonjour"}, key="the one"))
    assert sorted(each.status_code for each in answers) == [200] * 49 + [202]
    assert len({each.text for each in answers}) == 1
    assert rows(database_url, client) == (1, 1, 1)


def test_the_limit_of_pending_questions_is_exact(twins: list[ApiClient], client: ApiClient, database_url: str) -> None:
    answers = _at_once(twins, 24, lambda twin, number: twin.post("/api/chat", {"message": "M"}, key=f"k{number}"))
    assert sorted(each.status_code for each in answers) == [202] * 3 + [429] * 21
    assert rows(database_url, client) == (3, 3, 3)


def test_one_case_numbers_its_messages_without_a_gap(
    twins: list[ApiClient], client: ApiClient, staff: ApiClient, database_url: str
) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    staff.post(f"/api/conversations/{case}/messages", {"content": "J'arrive"})

    def send(twin: ApiClient, number: int) -> httpx.Response:
        return twin.post("/api/chat", {"message": str(number), "conversation_id": case})

    assert {each.status_code for each in _at_once(twins, 16, send)} == {202}
    numbers = [
        row[0] for row in query(database_url, "SELECT seq FROM message WHERE conversation_id = %s ORDER BY 1", [case])
    ]
    assert numbers == list(range(1, len(numbers) + 1))
