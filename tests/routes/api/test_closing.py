"""The end of a case: closing and reopening, its summary, what the customer thinks, the whole of it to take away."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.harness.servers import query
from tests.routes.api.problem import problem
from tests.services.work import answer, claimed, reply, transaction
from webapp.domain import JobKind, Summary, SummaryFields
from webapp.routes.schemas.closing import SummaryFieldsIn
from webapp.services import summaries

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.harness.api import ApiClient

Json = dict[str, Any]
EMPTY = asdict(SummaryFields())


@pytest.fixture
def case(client: ApiClient) -> str:
    found: str = client.chat("Mon volet est bloqué")["conversation_id"]
    return found


def _reply_of(client: ApiClient, sent: Json) -> str:
    found: str = client.conversation(sent["conversation_id"])["messages"][1]["id"]
    return found


def _answered(client: ApiClient, database_url: str, text: str = "Bonjour", said: str = "Voici.") -> Json:
    sent = client.chat(text)
    with transaction(database_url) as session:
        assert answer(session, sent["job"]["id"], reply(said))
    return sent


def _close(who: ApiClient, case: str) -> Json:
    closed = who.post("/api/close_conversation", {"conversation_id": case})
    assert closed.status_code == 202, closed.text
    job: Json = closed.json()["job"]
    return job


def _summarise(database_url: str, job_id: str, text: str = "Volet bloqué", **fields: str) -> None:
    with transaction(database_url) as session:
        claim = claimed(session, job_id, JobKind.SUMMARY)  # type: ignore[arg-type]  # the driver takes text too
        assert summaries.record(session, claim, Summary(text, SummaryFields(**fields)))  # type: ignore[arg-type]  # idem
        assert summaries.end(session, claim)


def test_closing_twice_is_closing_once(client: ApiClient, case: str) -> None:
    first = client.post("/api/close_conversation", {"conversation_id": case})
    seen = client.conversation(case)
    again = client.post("/api/close_conversation", {"conversation_id": case})
    assert (first.status_code, again.status_code) == (202, 202)
    assert set(first.json()) == {"job"}
    assert first.json()["job"]["kind"] == "summary"
    assert again.json()["job"]["id"] == first.json()["job"]["id"]
    assert client.conversation(case) == seen
    assert (seen["status"], seen["summary_state"]) == ("closed", "pending")
    assert datetime.fromisoformat(seen["closed_at"]).utcoffset() is not None
    assert [message["outcome"] for message in seen["messages"]] == [None, "handed_over"]


def test_a_closed_case_gets_its_summary_and_fields(client: ApiClient, case: str, database_url: str) -> None:
    job = _close(client, case)
    _summarise(database_url, job["id"], product="volet")
    seen = client.conversation(case)
    assert (seen["summary"], seen["summary_state"]) == ("Volet bloqué", "ready")
    assert seen["summary_fields"] == EMPTY | {"product": "volet"}
    assert client.job(job["id"])["result"] == {"summary": "Volet bloqué", "fields": EMPTY | {"product": "volet"}}


def test_the_fields_of_the_api_are_those_of_the_business() -> None:
    assert list(SummaryFieldsIn.model_fields) == list(EMPTY)


@pytest.mark.parametrize("closer", ["client", "staff"])
def test_an_empty_case_is_removed_when_it_is_closed(
    client: ApiClient, staff: ApiClient, database_url: str, closer: str
) -> None:
    rows = query(
        database_url,
        "INSERT INTO conversation (id, client_id, subject, language, status, assistant_on, no_answers, last_client_seq,"
        " staff_seen_seq, summary_state, last_seq, version)"
        " VALUES (gen_random_uuid(), %s, 'n', 'fr', 'new', true, 0, 0, 0, 'none', 0, 1) RETURNING id",
        [client.user["id"]],
    )
    empty = str(rows[0][0])
    who = client if closer == "client" else staff
    answered = who.post("/api/close_conversation", {"conversation_id": empty})
    assert (answered.status_code, answered.json()) == (200, {"deleted": True})
    problem(who.post("/api/close_conversation", {"conversation_id": empty}), 404)
    problem(client.get(f"/api/conversations/{empty}"), 404)


def test_reopening_leaves_an_open_case_and_the_assistant_as_they_are(client: ApiClient, database_url: str) -> None:
    case = _answered(client, database_url)["conversation_id"]
    before = client.conversation(case)
    assert client.post(f"/api/conversations/{case}/reopen").json() == before
    first = _close(client, case)
    seen = client.post(f"/api/conversations/{case}/reopen").json()
    assert (seen["status"], seen["closed_at"], seen["assistant"]) == ("in_progress", None, "on")
    assert client.post("/api/chat", {"message": "Encore", "conversation_id": case}).status_code == 202
    second = _close(client, case)
    assert second["status"] == "queued"
    assert second["id"] != first["id"]


def test_closed_again_with_nothing_said_it_keeps_its_summary(
    client: ApiClient, staff: ApiClient, database_url: str
) -> None:
    case = _answered(client, database_url)["conversation_id"]
    first = _close(client, case)
    _summarise(database_url, first["id"])
    client.post(f"/api/conversations/{case}/reopen")
    again = _close(staff, case)
    assert (again["id"], again["status"]) == (first["id"], "succeeded")
    assert client.conversation(case)["summary_state"] == "ready"
    owed = query(database_url, "SELECT count(*) FROM job WHERE kind = 'summary' AND conversation_id = %s", [case])
    assert owed == [(1,)]


def test_staff_corrects_a_summary_and_nothing_writes_over_it(
    client: ApiClient, staff: ApiClient, database_url: str
) -> None:
    case = _answered(client, database_url)["conversation_id"]
    path = f"/api/conversations/{case}/summary"
    problem(staff.request("PUT", path, json={"summary": "Trop tôt"}), 409, "conflict")
    job = _close(client, case)
    wanted = {"summary": " Volet changé ", "fields": {"order_number": "118", "photos": True, "defect": "  "}}
    edited = staff.request("PUT", path, json=wanted)
    assert edited.status_code == 200
    told = edited.json()
    assert (told["summary"], told["summary_state"], told["summary_edited"]) == ("Volet changé", "ready", True)
    assert told["summary_fields"] == EMPTY | {"order_number": "118", "photos": True}
    with transaction(database_url) as session:
        claim = claimed(session, job["id"], JobKind.SUMMARY)
        assert not summaries.record(session, claim, Summary("Par la machine"))
        assert summaries.end(session, claim)
    assert client.conversation(case)["summary"] == "Volet changé"
    assert client.conversation(case)["summary_edited"] is None
    only_text = staff.request("PUT", path, json={"summary": "Autre"}).json()
    assert only_text["summary_fields"]["order_number"] == "118"
    client.post(f"/api/conversations/{case}/reopen")
    assert _close(client, case)["id"] == job["id"]
    assert client.conversation(case)["summary"] == "Autre"
    client.post(f"/api/conversations/{case}/reopen")
    client.chat("Encore une chose", case)
    _summarise(database_url, _close(client, case)["id"], "Écrit de nouveau")
    seen = staff.conversation(case)
    assert (seen["summary"], seen["summary_edited"]) == ("Écrit de nouveau", False)


@pytest.mark.parametrize(
    "wrong",
    [
        *({}, {"summary": " "}, {"summary": "x" * 8001}, {"summary": "x", "fields": {"colour": "red"}}),
        *({"summary": "x", "fields": {"defect": "x" * 301}}, {"summary": "x", "fields": {"contact": 5}}),
    ],
)
def test_a_wrong_correction_is_refused(client: ApiClient, staff: ApiClient, case: str, wrong: Json) -> None:
    _close(client, case)
    problem(staff.request("PUT", f"/api/conversations/{case}/summary", json=wrong), 422)


def test_a_reply_is_rated_by_its_customer(client: ApiClient, staff: ApiClient, database_url: str) -> None:
    sent = _answered(client, database_url)
    message = client.conversation(sent["conversation_id"])["messages"][1]
    assert (message["feedback"], message["feedback_comment"]) == (None, None)
    for rating in ("up", "down"):
        rated = client.post(f"/api/messages/{message['id']}/feedback", {"rating": rating, "comment": "  Merci "})
        assert (rated.status_code, rated.content) == (204, b"")
        seen = staff.conversation(sent["conversation_id"])["messages"][1]
        assert (seen["feedback"], seen["feedback_comment"]) == (rating, "Merci")
    for wrong in ({}, {"rating": "meh"}, {"rating": "up", "comment": "x" * 1001}, {"rating": None}):
        problem(client.post(f"/api/messages/{message['id']}/feedback", wrong), 422)
    mine = sent["message"]["id"]
    problem(client.post(f"/api/messages/{mine}/feedback", {"rating": "up"}), 409, "conflict")


def test_feedback_changes_what_is_told_of_the_reply(client: ApiClient, database_url: str) -> None:
    sent = _answered(client, database_url)
    paths = [f"/api/jobs/{sent['job']['id']}", f"/api/conversations/{sent['conversation_id']}"]
    message = _reply_of(client, sent)
    tags = [[client.get(path).headers["ETag"] for path in paths]]
    for body in ({"rating": "up"}, {"rating": "down"}, {"rating": "down", "comment": "Trop long"}):
        client.post(f"/api/messages/{message}/feedback", body)
        tags.append([client.get(path).headers["ETag"] for path in paths])
    assert [len(set(each)) for each in zip(*tags, strict=True)] == [4, 4]
    assert client.job(sent["job"]["id"])["result"]["message"]["feedback"] == "down"
    unchanged = client.get(paths[0], headers={"If-None-Match": tags[-1][0]})
    assert unchanged.status_code == 304


def test_what_does_not_fit_an_answer_of_ours_is_our_fault(
    client: ApiClient, staff: ApiClient, database_url: str
) -> None:
    sent = _answered(client, database_url)
    query(database_url, "UPDATE message SET feedback = 'sideways' WHERE id = %s", [_reply_of(client, sent)])
    problem(staff.get(f"/api/conversations/{sent['conversation_id']}"), 500)


def test_the_customer_has_a_word_on_a_closed_case(client: ApiClient, staff: ApiClient, case: str) -> None:
    path = f"/api/conversations/{case}/closing_feedback"
    problem(client.post(path, {"rating": "up"}), 409, "conflict")
    _close(staff, case)
    before = staff.get(f"/api/conversations/{case}").headers["ETag"]
    assert staff.conversation(case)["closing_feedback"] is None
    assert client.post(path, {"rating": "down", "comment": " Trop lent "}).status_code == 204
    assert staff.get(f"/api/conversations/{case}").headers["ETag"] != before
    told = {"rating": "down", "comment": "Trop lent"}
    assert staff.conversation(case)["closing_feedback"] == client.conversation(case)["closing_feedback"] == told
    items = staff.get("/api/conversations").json()["items"]
    assert next(item["closing_feedback"] for item in items if item["id"] == case) == told
    assert client.post(path, {"rating": "up"}).status_code == 204
    assert staff.conversation(case)["closing_feedback"] == {"rating": "up", "comment": None}
    problem(client.post(path, {"rating": "meh"}), 422)


def _letter(reader: ApiClient, case: str) -> httpx.Response:
    return reader.get(f"/api/conversations/{case}/export", params={"format": "html"})


def test_a_conversation_is_kept_as_a_page_that_loads_nothing(
    client: ApiClient, staff: ApiClient, database_url: str
) -> None:
    hostile = '<script>alert(1)</script> & <img src="https://evil.example/x.png">'
    sent = _answered(client, database_url, hostile, f"Voici **en gras**. {hostile}")
    case = sent["conversation_id"]
    staff.post(f"/api/conversations/{case}/messages", {"content": "Je m'en occupe."})
    _summarise(database_url, _close(client, case)["id"], f"Demande : {hostile}")
    letter = _letter(client, case)
    assert letter.headers["Content-Type"].startswith("text/html")
    assert letter.headers["Content-Disposition"] == f'attachment; filename="conversation-{case}.html"'
    page = BeautifulSoup(letter.text, "lxml")
    assert page.html is not None
    assert page.html["lang"] == "fr"
    assert page.find_all(["script", "img", "link", "iframe", "object", "form"]) == []
    assert [tag for tag in page.select("*") if tag.has_attr("src") or tag.has_attr("onerror")] == []
    assert [node.get_text() for node in page.select("li strong")] == ["en gras"]
    assert hostile in page.get_text()
    assert [node.get_text() for node in page.select(".who")] == [
        client.user["name"],
        "Assistant (programme)",
        staff.user["name"],
    ]
    assert hostile in page.select(".summary")[0].get_text()
    assert staff.get(f"/api/conversations/{case}/export?format=html").status_code == 200


def test_a_page_to_keep_speaks_the_language_of_the_conversation(
    client: ApiClient, case: str, database_url: str
) -> None:
    query(database_url, "UPDATE conversation SET language = 'en' WHERE id = %s", [case])
    page = BeautifulSoup(_letter(client, case).text, "lxml")
    assert page.html is not None
    assert page.html["lang"] == "en"
    assert page.select("main h2")[0].get_text() == "Messages"
    assert page.select("footer p")[0].get_text().startswith("Copy of the conversation")


def test_a_conversation_is_kept_as_json_or_not_at_all(
    client: ApiClient, new_client: Callable[[], ApiClient], case: str
) -> None:
    path = f"/api/conversations/{case}/export"
    plain, asked = client.get(path), client.get(path, params={"format": "json"})
    assert plain.json() == asked.json()
    assert plain.headers["Content-Disposition"] == f'attachment; filename="conversation-{case}.json"'
    for wrong in ("xml", "HTML", "html,json"):
        assert problem(client.get(path, params={"format": wrong}), 422)["errors"][0]["field"] == "format"
    other = new_client()
    other.register()
    problem(_letter(other, case), 404)
