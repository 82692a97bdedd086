"""POST /api/chat: what is taken, what is refused, and what a key is worth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness import application
from tests.harness.api import ApiClient
from tests.harness.servers import query
from tests.routes.api.problem import problem
from tests.services.work import answer, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx
    from flask import Flask

    from tests.harness.servers import Servers
    from webapp.settings import Settings

JSON = {"Content-Type": "application/json"}
THREADS = 8


def _rows(database_url: str, client: ApiClient) -> tuple[object, ...]:
    """How many messages, jobs and cases a customer has."""
    mine = [client.user["id"]] * 3
    counted = (
        "SELECT (SELECT count(*) FROM message WHERE author_id = %s),"
        " (SELECT count(*) FROM job WHERE requester_id = %s),"
        " (SELECT count(*) FROM conversation WHERE client_id = %s)"
    )
    return query(database_url, counted, mine)[0]


def test_a_message_is_accepted_with_its_job(client: ApiClient, database_url: str) -> None:
    sent = client.post("/api/chat", {"message": "  Mon volet est bloqué\n"})
    assert sent.status_code == 202
    body = sent.json()
    assert set(body) == {"conversation_id", "message", "job"}
    assert body["message"]["content"] == "Mon volet est bloqué"
    assert body["message"]["role"] == "client"
    assert (body["message"]["seq"], body["message"]["reply_to"], body["message"]["sources"]) == (1, None, [])
    assert body["job"]["kind"] == "reply"
    assert body["job"]["status"] == "queued"
    written = query(
        database_url,
        "SELECT m.id::text, m.owes_reply, j.id::text, j.message_id = m.id"
        " FROM message m JOIN job j ON j.id = m.reply_job_id WHERE m.conversation_id = %s",
        [body["conversation_id"]],
    )
    assert written == [(body["message"]["id"], True, body["job"]["id"], True)]


def test_the_same_key_and_content_is_the_same_message(client: ApiClient, database_url: str) -> None:
    first = client.post("/api/chat", {"message": "Bonjour"}, key="k")
    again = client.post("/api/chat", {"message": " Bonjour "}, key=" k ")
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json() == first.json()
    assert _rows(database_url, client) == (1, 1, 1)
    case = first.json()["conversation_id"]
    second = client.chat("Et encore", case, key="k2")
    assert client.chat("Et encore", case, key="k2") == second
    assert _rows(database_url, client) == (2, 2, 1)


def test_a_key_does_not_stand_for_other_content(client: ApiClient, database_url: str) -> None:
    case = client.chat("Bonjour", key="k")["conversation_id"]
    before = _rows(database_url, client)
    for other in ({"message": "Bonsoir"}, {"message": "Bonjour", "conversation_id": case}):
        found = problem(client.post("/api/chat", other, key="k"), 422, "key_reused")
        assert found["errors"][0]["field"] == "Idempotency-Key"
    assert _rows(database_url, client) == before


@pytest.mark.parametrize("key", [None, "", "   ", "x" * 201])
def test_a_message_needs_a_key(client: ApiClient, database_url: str, key: str | None) -> None:
    problem(client.post("/api/chat", {"message": "M"}, key=key), 400, "missing_key")
    assert _rows(database_url, client) == (0, 0, 0)


def test_a_key_is_its_authors_alone(client: ApiClient, new_client: Callable[[], ApiClient], database_url: str) -> None:
    other = new_client()
    other.register()
    mine, theirs = client.chat("Bonjour", key="k"), other.chat("Bonjour", key="k")
    assert mine["conversation_id"] != theirs["conversation_id"]
    assert (_rows(database_url, client), _rows(database_url, other)) == ((1, 1, 1), (1, 1, 1))


def test_a_replay_comes_before_every_limit_and_state(client: ApiClient) -> None:
    first = client.chat("Un", key="k1")
    case = first["conversation_id"]
    for number in (2, 3):
        client.chat("Encore", case, key=f"k{number}")
    refused = client.post("/api/chat", {"message": "De trop", "conversation_id": case}, key="k4")
    problem(refused, 429, "too_many_pending")
    assert client.chat("Un", key="k1")["message"]["id"] == first["message"]["id"]
    assert client.post("/api/close_conversation", {"conversation_id": case}).status_code == 202
    replayed = client.post("/api/chat", {"message": "Un"}, key="k1")
    assert replayed.status_code == 200
    assert replayed.json()["job"]["status"] == "handed_over"


def test_what_was_refused_may_be_sent_again_with_the_same_key(client: ApiClient, database_url: str) -> None:
    sent = [client.chat("Question", key=f"k{number}") for number in range(3)]
    problem(client.post("/api/chat", {"message": "De trop"}, key="later"), 429)
    with transaction(database_url) as session:
        assert answer(session, sent[0]["job"]["id"])
    assert client.post("/api/chat", {"message": "De trop"}, key="later").status_code == 202


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "malformed"),
        (b"{", 400, "malformed"),
        (b"null", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'["message"]', 422, "invalid"),
        (b'"Bonjour"', 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"message": ""}', 422, "invalid"),
        (b'{"message": " \\n\\t "}', 422, "invalid"),
        ('{"message": "\u3000\u00a0\u2003"}'.encode(), 422, "invalid"),
        (b'{"message": null}', 422, "invalid"),
        (b'{"message": 5}', 422, "invalid"),
        (b'{"message": true}', 422, "invalid"),
        (b'{"message": ["Bonjour"]}', 422, "invalid"),
        (b'{"message": {"text": "Bonjour"}}', 422, "invalid"),
        (b'{"message": NaN}', 422, "invalid"),
        (b'{"message": "a\\u0000b"}', 422, "invalid"),
        (b'{"message": "a\x00b"}', 400, "malformed"),
        (b'{"message": "\\ud800"}', 422, "invalid"),
        (b'{"message": "\xff"}', 400, "malformed"),
        (b'{"message": ' + b"1" * 5000 + b"}", 400, "malformed"),
        (b'{"message": ' + b"[" * 20000 + b"]" * 20000 + b"}", 400, "malformed"),
        (b'{"message": "M", "x": ' + b"[" * 500 + b"]" * 500 + b"}", 422, "invalid"),
        (b'{"message": "M", "role": "staff"}', 422, "invalid"),
        (b'{"message": "M", "owes_reply": false}', 422, "invalid"),
        (b'{"message": "M", "conversation_id": 7}', 422, "invalid"),
        (b'{"message": "M", "conversation_id": ["x"]}', 422, "invalid"),
        (b'{"message": "M", "conversation_id": "a\\u0000"}', 422, "invalid"),
        (b'{"message": "M", "conversation_id": "temp"}', 404, "not_found"),
        (b'{"message": "M", "conversation_id": ""}', 404, "not_found"),
        (b'{"message": "' + b"x" * 8001 + b'"}', 422, "invalid"),
        (b'{"message": "' + b"x" * 200_000 + b'"}', 413, "http_413"),
    ],
)
def test_what_is_no_message_is_refused_and_not_kept(
    client: ApiClient, database_url: str, body: bytes, status: int, code: str
) -> None:
    found = problem(client.post("/api/chat", content=body, headers=JSON), status, code)
    assert _rows(database_url, client) == (0, 0, 0)
    assert ("errors" in found) == (status == 422)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_message_is_json(client: ApiClient, kind: str) -> None:
    answer_ = client.post("/api/chat", content=b'{"message": "M"}', headers={"Content-Type": kind})
    problem(answer_, 415, "wrong_type")


def test_the_longest_message_is_kept_whole(client: ApiClient) -> None:
    longest = "é" * 7999 + "🪟"
    sent = client.chat(f"  {longest}  ")
    assert sent["message"]["content"] == longest
    assert client.conversation(sent["conversation_id"])["messages"][0]["content"] == longest


def test_words_are_shown_as_they_are_and_marked_up_as_nothing(client: ApiClient) -> None:
    said = (
        "<script>alert(1)</script> **gras** [lien](javascript:alert(1)) ![x](https://evil.example/?q=1)\nligne 2 & fin"
    )
    message = client.chat(said)["message"]
    assert message["content"] == said
    assert message["html"].count("<") == message["html"].count("<br>") == 1
    assert "&lt;script&gt;" in message["html"]


def test_a_closed_case_takes_no_message(client: ApiClient, database_url: str) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    assert client.post("/api/close_conversation", {"conversation_id": case}).status_code == 202
    before = _rows(database_url, client)
    refused = client.post("/api/chat", {"message": "Encore", "conversation_id": case})
    problem(refused, 409, "conversation_closed")
    assert _rows(database_url, client) == before


def test_with_the_assistant_off_a_message_owes_no_reply_and_stands_on_the_desk(
    client: ApiClient, staff: ApiClient
) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    assert staff.post(f"/api/conversations/{case}/messages", {"content": "J'arrive"}).status_code == 201
    sent = client.post("/api/chat", {"message": "Merci", "conversation_id": case}, key="k")
    assert (sent.status_code, sent.json()["job"]) == (202, None)
    assert client.post("/api/chat", {"message": "Merci", "conversation_id": case}, key="k").json() == sent.json()
    seen = staff.conversation(case)
    assert (seen["status"], seen["unread"], seen["jobs"]) == ("waiting_staff", True, [])
    assert seen["waiting_since"] is not None
    assert client.conversation(case)["unread"] is None


def test_nobody_writes_into_the_case_of_another(
    client: ApiClient, new_client: Callable[[], ApiClient], database_url: str
) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    other = new_client()
    other.register()
    problem(other.post("/api/chat", {"message": "M", "conversation_id": case}), 404, "not_found")
    assert _rows(database_url, other) == (0, 0, 0)
    assert len(client.conversation(case)["messages"]) == 1


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
    assert _rows(database_url, client) == (1, 1, 1)


def test_the_limit_of_pending_questions_is_exact(twins: list[ApiClient], client: ApiClient, database_url: str) -> None:
    answers = _at_once(twins, 24, lambda twin, number: twin.post("/api/chat", {"message": "M"}, key=f"k{number}"))
    assert sorted(each.status_code for each in answers) == [202] * 3 + [429] * 21
    assert _rows(database_url, client) == (3, 3, 3)


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


@pytest.fixture
def away(settings: Settings, servers: Servers, tmp_path: Path) -> Iterator[Flask]:
    """The application, its database at an address where nobody answers."""
    nowhere = settings.database_url.rpartition("@")[0] + "@127.0.0.1:1/none"
    made = application.settings(nowhere, servers.redis_url, tmp_path, SECRET_KEY=settings.secret_key)
    with application.created(made) as app:
        yield app


def test_without_a_database_nothing_is_promised(
    client: ApiClient, away: Flask, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    browser = ApiClient.over_wsgi(away)
    browser.http.cookies.update(client.http.cookies)
    for answer_ in (
        browser.post("/api/chat", {"message": "Un secret bien gardé"}),
        browser.get("/api/conversations"),
        browser.post("/api/auth/login", {"email": client.email, "password": client.password}),
    ):
        problem(answer_, 503, "unavailable")
    ready = browser.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "failed")
    assert "Retry-After" in ready.headers
    assert browser.get("/healthz").status_code == 200
    browser.close()
    assert _rows(database_url, client) == (0, 0, 0)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "httpx")
    assert "secret" not in ours
    assert client.email not in ours


def test_the_answer_is_in_the_language_asked_for(client: ApiClient) -> None:
    def titled(**headers: str) -> Any:  # noqa: ANN401  # any JSON
        return problem(client.post("/api/chat", {"message": ""}, headers=headers), 422)["title"]

    french, english = titled(), titled(**{"Accept-Language": "en-GB,en;q=0.9"})
    assert french != english
    assert titled(**{"Accept-Language": "de, *;q=0.1"}) == french
    assert titled(**{"Accept-Language": "en", "Cookie": f"{_cookies(client)}; lang=fr"}) == french


def _cookies(client: ApiClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.http.cookies.items())
