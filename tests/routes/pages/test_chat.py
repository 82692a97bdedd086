"""The customer's journey with JavaScript off: plain forms, plain answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.servers import query
from tests.routes.pages.forms import fields, soup, submit, text_of
from tests.routes.pages.outage import away
from webapp.domain import Language
from webapp.errors import TooManyPendingError
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.harness.api import ApiClient
    from tests.harness.servers import Servers


def send(browser: ApiClient, page: httpx.Response, **values: str) -> httpx.Response:
    return submit(browser, page, "/chat", **values)


def ask(browser: ApiClient, message: str = "Où est mon colis ?") -> str:
    """Send a first message; the path of its conversation."""
    answer = send(browser, browser.get("/chat"), message=message)
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def test_the_head_says_that_one_talks_to_a_program(client: ApiClient) -> None:
    page = client.get("/chat")
    assert soup(page).select_one("[data-stance=program]")
    assert text_of(page, ".when-program strong") == "Vous parlez à un programme."
    assert text_of(client.get("/chat", headers={"Accept-Language": "en"}), ".when-program strong") == (
        "You are talking to a program."
    )


def test_the_head_says_first_that_a_person_is_awaited(client: ApiClient, database_url: str) -> None:
    """The assistant may have handed a case over and still answer what else is asked in it."""
    path = ask(client)
    statement = "UPDATE conversation SET status = 'waiting_staff', waiting_since = now() WHERE id = %s"
    query(database_url, statement, [path.rpartition("/")[2]])
    assert client.conversation(path.rpartition("/")[2])["assistant"] == "on"
    assert soup(client.get(path)).select_one("[data-stance=waiting][data-assistant=on]")


def test_a_question_is_sent_and_waits_on_a_page_that_reloads_itself(client: ApiClient) -> None:
    path = ask(client, "Où est\r\nmon colis ?")
    page = client.get(path)
    message = soup(page).select_one(".message.by-client")
    assert message
    assert "Où est<br/>mon colis ?" in str(message.select_one(".body"))
    assert message["data-job"]
    assert text_of(page, ".life").startswith("Dans la file")
    assert '<noscript>\n    <link rel="stylesheet"' in page.text
    assert '<meta http-equiv="refresh" content="4">' in page.text


def test_while_one_writes_the_page_does_not_reload(client: ApiClient) -> None:
    page = client.get(ask(client) + "?hold=1")
    assert "http-equiv" not in page.text
    assert fields(page, "/chat")["message"] == ""


def test_sending_twice_is_sending_once(client: ApiClient) -> None:
    page = client.get("/chat")
    sent = fields(page, "/chat") | {"message": "Bonjour"}
    first, second = (client.http.post("/chat", data=sent) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(client.get("/api/conversations").json()["items"]) == 1


def test_an_edited_message_under_a_used_key_comes_back_with_a_new_one(client: ApiClient) -> None:
    page = client.get("/chat")
    send(client, page, message="Bonjour")
    again = send(client, page, message="Bonjour, une question")
    assert again.status_code == 422
    returned = fields(again, "/chat")
    assert returned["message"] == "Bonjour, une question"
    assert returned["idempotency_key"] != fields(page, "/chat")["idempotency_key"]
    assert send(client, again).status_code == 303


@pytest.mark.parametrize("key", ["a\0b", "x" * 201])
def test_a_key_that_cannot_be_kept_is_replaced_and_the_message_comes_back(client: ApiClient, key: str) -> None:
    again = send(client, client.get("/chat"), message="Bonjour", idempotency_key=key)
    assert again.status_code == 400
    assert "200 caractères" in text_of(again, "[role=alert]")
    assert fields(again, "/chat")["message"] == "Bonjour"
    assert client.get("/api/conversations").json()["items"] == []
    assert send(client, again).status_code == 303


@pytest.mark.parametrize(("message", "said"), [("  \n ", "Écrivez un message"), ("a" * 8001, "trop long")])
def test_a_message_that_cannot_be_taken_comes_back(client: ApiClient, message: str, said: str) -> None:
    page = client.get("/chat")
    again = send(client, page, message=message)
    assert again.status_code == 422
    assert said in text_of(again, "[role=alert]")
    assert fields(again, "/chat")["message"] == message
    assert fields(again, "/chat")["idempotency_key"] == fields(page, "/chat")["idempotency_key"]


def test_too_many_questions_at_once_keep_the_text(client: ApiClient) -> None:
    path = ask(client)
    answers = [send(client, client.get(path + "?hold=1"), message=f"Encore {n}") for n in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert answers[-1].headers["Retry-After"] == "5"
    assert fields(answers[-1], "/chat")["message"] == "Encore 2"
    expected = say(f"errors.{TooManyPendingError.code}", Language.FR, retry_after=5)
    assert text_of(answers[-1], "[role=alert]") == expected


def test_a_person_can_be_asked_for_before_anything_is_said(client: ApiClient) -> None:
    page = client.get("/chat")
    noted = send(client, page, message="", person="1")
    assert noted.status_code == 200
    assert fields(noted, "/chat")["person"] == "1"
    path = send(client, noted, message="Mon colis est vide").headers["Location"]
    after = client.get(path)
    assert soup(after).select_one("[data-stance=waiting]")
    assert client.get("/api" + path.replace("chat", "conversations")).json()["status"] == "waiting_staff"


def test_a_person_can_be_asked_for_at_any_time(client: ApiClient) -> None:
    path = ask(client)
    answer = submit(client, client.get(path), f"{path}/person")
    assert answer.headers["Location"] == path
    page = client.get(path)
    assert text_of(page, ".life") == "Transmis à une personne"
    assert "http-equiv" not in page.text
    send(client, page, message="Merci")
    assert (
        soup(client.get(path)).select("[data-log] .life")[-1].get_text(strip=True) == "Reçu, une personne vous répondra"
    )


def test_the_conversation_of_somebody_else_is_not_there(client: ApiClient, new_client: Callable[[], ApiClient]) -> None:
    path = ask(client)
    other = new_client()
    other.register()
    assert other.get(path).status_code == 404
    assert (
        send(other, other.get("/chat"), message="Bonjour", conversation_id=path.rpartition("/")[2]).status_code == 404
    )
    assert other.get("/chat/nonsense").status_code == 404


def test_a_closed_conversation_is_read_only(client: ApiClient) -> None:
    path = ask(client)
    open_page = client.get(path)
    submit(client, client.get(path.replace("chat", "conversations")), path.replace("chat", "conversations") + "/close")
    page = client.get(path)
    assert soup(page).select_one("[data-stance=closed]")
    assert not soup(page).select_one(".chat-root[data-kept]"), "an empty composer is not shown"
    refused = send(client, open_page, message="Encore")
    assert refused.status_code == 409
    assert text_of(refused, ".chat-root[data-kept] > form[data-composer] textarea") == "Encore"
    assert submit(client, refused, path.replace("chat", "conversations") + "/reopen").headers["Location"] == path


def test_a_session_that_ended_keeps_the_text_through_signing_in(client: ApiClient) -> None:
    path = ask(client)
    page = client.get(path + "?hold=1")
    email, password = client.email, client.password
    client.http.cookies.clear()
    asked = send(client, page, message="Un long texte\nsur deux lignes")
    assert asked.status_code == 401
    assert "Un long texte" not in str(asked.url)
    wrong = submit(client, asked, "/login", email=email, password="faux")
    assert fields(wrong, "/login")["kept-message"] == "Un long texte\nsur deux lignes"
    back = submit(client, wrong, "/login", email=email, password=password)
    assert back.status_code == 200
    returned = fields(back, "/chat")
    assert returned["message"] == "Un long texte\nsur deux lignes"
    assert returned["idempotency_key"] == fields(page, "/chat")["idempotency_key"]
    assert send(client, back).headers["Location"] == path


def test_a_form_of_an_earlier_session_keeps_the_text(client: ApiClient) -> None:
    page = client.get("/chat")
    client.login(client.email, client.password)
    asked = send(client, page, message="Bonjour")
    assert asked.status_code == 403
    assert fields(asked, "/login")["kept-message"] == "Bonjour"


def test_another_account_does_not_get_into_the_conversation(
    client: ApiClient, new_client: Callable[[], ApiClient]
) -> None:
    page = client.get(ask(client) + "?hold=1")
    other = new_client()
    other.register()
    client.http.cookies.clear()
    asked = send(client, page, message="Bonjour")
    back = submit(client, asked, "/login", email=other.email, password=other.password)
    assert fields(back, "/chat")["conversation_id"] == ""


def test_no_database_keeps_the_text(client: ApiClient, servers: Servers, database_url: str) -> None:
    page = client.get("/chat")
    with away(servers, database_url):
        answer = send(client, page, message="Bonjour")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    kept = fields(answer, "/chat")
    assert kept["message"] == "Bonjour"
    assert client.http.post("/chat", data=kept).status_code == 303


def test_a_long_conversation_is_read_at_its_end(client: ApiClient, staff: ApiClient, database_url: str) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    query(
        database_url,
        "INSERT INTO message (id, conversation_id, seq, role, content, owes_reply)"
        " SELECT gen_random_uuid(), %s, n, 'staff', 'Message ' || n, false FROM generate_series(2, 502) n",
        [case],
    )
    query(database_url, "UPDATE conversation SET last_seq = 502 WHERE id = %s", [case])
    for reader, path in ((client, f"/chat/{case}"), (staff, f"/conversations/{case}")):
        shown = [each.get_text(strip=True) for each in soup(reader.get(path)).select("[data-log] .message .body")]
        assert (len(shown), shown[0], shown[-1]) == (500, "Message 3", "Message 502")


def test_only_customers_chat(staff: ApiClient, anonymous: ApiClient) -> None:
    assert staff.get("/chat").status_code == 403
    assert anonymous.get("/chat").headers["Location"] == "/login?next=/chat"


def test_the_first_visit_is_light(client: ApiClient) -> None:
    """60 kB compressed and 8 requests at most."""
    import gzip  # noqa: PLC0415  this test alone

    page = client.get("/chat")
    addresses = {tag["href"] for tag in soup(page).select("head link[href]")} - {
        tag["href"] for tag in soup(page).select("noscript link[href]")
    }
    addresses |= {str(tag["src"]) for tag in soup(page).select("script[src]")}
    files = [client.get(str(address)) for address in sorted(map(str, addresses))]
    assert all(file.status_code == 200 for file in files)
    assert 1 + len(files) <= 8
    assert sum(len(gzip.compress(answer.content)) for answer in (page, *files)) <= 60_000
