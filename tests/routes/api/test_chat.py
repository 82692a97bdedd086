"""POST /api/chat: what is taken, and what a key is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.harness.servers import query
from tests.routes.api.counted import rows
from tests.routes.api.problem import problem
from tests.services.work import answer, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.harness.api import ApiClient


JSON = {"Content-Type": "application/json"}
THREADS = 8


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
    assert rows(database_url, client) == (1, 1, 1)
    case = first.json()["conversation_id"]
    second = client.chat("Et encore", case, key="k2")
    assert client.chat("Et encore", case, key="k2") == second
    assert rows(database_url, client) == (2, 2, 1)


def test_a_key_does_not_stand_for_other_content(client: ApiClient, database_url: str) -> None:
    case = client.chat("Bonjour", key="k")["conversation_id"]
    before = rows(database_url, client)
    for other in ({"message": "Bonsoir"}, {"message": "Bonjour", "conversation_id": case}):
        found = problem(client.post("/api/chat", other, key="k"), 422, "key_reused")
        assert found["errors"][0]["field"] == "Idempotency-Key"
    assert rows(database_url, client) == before


def test_a_key_is_its_authors_alone(client: ApiClient, new_client: Callable[[], ApiClient], database_url: str) -> None:
    other = new_client()
    other.register()
    mine, theirs = client.chat("Bonjour", key="k"), other.chat("Bonjour", key="k")
    assert mine["conversation_id"] != theirs["conversation_id"]
    assert (rows(database_url, client), rows(database_url, other)) == ((1, 1, 1), (1, 1, 1))


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


def test_the_answer_is_in_the_language_asked_for(client: ApiClient) -> None:
    def titled(**headers: str) -> Any:  # noqa: ANN401  # any JSON
        return problem(client.post("/api/chat", {"message": ""}, headers=headers), 422)["title"]

    french, english = titled(), titled(**{"Accept-Language": "en-GB,en;q=0.9"})
    assert french != english
    assert titled(**{"Accept-Language": "de, *;q=0.1"}) == french
    assert titled(**{"Accept-Language": "en", "Cookie": f"{_cookies(client)}; lang=fr"}) == french


def _cookies(client: ApiClient) -> str:
    return "; ".join(f"{name}={value}" for name, value in client.http.cookies.items())
