"""Help with an answer: drafts and who else writes, saved replies, proposals; and giving a case back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from tests.harness.servers import query
from tests.routes.api.problem import problem
from tests.services.work import claimed, transaction
from webapp.domain import JobKind, JobStatus
from webapp.extensions import db
from webapp.services import jobs

if TYPE_CHECKING:
    from flask import Flask

    from tests.harness.api import ApiClient

Json = dict[str, Any]


@pytest.fixture
def case(client: ApiClient) -> str:
    return str(client.chat("Mon volet est bloqué")["conversation_id"])


def _keep(who: ApiClient, case: str, content: str) -> Json:
    answer = who.request("PUT", f"/api/conversations/{case}/draft", json={"content": content})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_a_draft_is_found_again_by_its_author_alone(staff: ApiClient, admin: ApiClient, case: str) -> None:
    nothing = {"content": "", "updated_at": None}
    assert staff.get(f"/api/conversations/{case}/draft").json() == nothing
    kept = _keep(staff, case, "Bonjour,\n je regarde")
    assert staff.get(f"/api/conversations/{case}/draft").json() == kept
    assert kept["content"] == "Bonjour,\n je regarde"
    assert admin.get(f"/api/conversations/{case}/draft").json() == nothing
    assert staff.delete(f"/api/conversations/{case}/draft").status_code == 204
    assert staff.get(f"/api/conversations/{case}/draft").json() == nothing
    assert _keep(staff, case, "") == nothing


@pytest.mark.parametrize(
    "wrong", [{}, {"content": None}, {"content": "x" * 8001}, {"content": "a\x00b"}, {"text": "x"}]
)
def test_a_draft_is_a_text_that_could_be_sent(staff: ApiClient, case: str, wrong: Json) -> None:
    problem(staff.request("PUT", f"/api/conversations/{case}/draft", json=wrong), 422, "invalid")


def test_what_is_sent_is_no_draft_any_more(staff: ApiClient, case: str) -> None:
    _keep(staff, case, "Je regarde.")
    staff.post(f"/api/conversations/{case}/messages", {"content": "Je regarde."}, key="mine")
    assert staff.get(f"/api/conversations/{case}/draft").json()["content"] == ""


def test_the_others_see_that_somebody_writes_and_customers_do_not(
    client: ApiClient, staff: ApiClient, admin: ApiClient, case: str, database_url: str
) -> None:
    path = f"/api/conversations/{case}"
    etags = {who: who.get(path).headers["ETag"] for who in (client, staff, admin)}
    _keep(staff, case, "Bonjour")

    def changed(who: ApiClient) -> bool:
        return who.get(path, headers={"If-None-Match": etags[who]}).status_code == 200

    assert {who.email: changed(who) for who in etags} == {client.email: False, staff.email: False, admin.email: True}
    assert admin.conversation(case)["writing"] == [staff.user["name"]]
    assert (staff.conversation(case)["writing"], client.conversation(case)["writing"]) == ([], [])
    query(database_url, "UPDATE staff_draft SET updated_at = updated_at - interval '15 s'")
    assert not changed(admin)
    assert admin.conversation(case)["writing"] == []


def test_an_unchanged_poll_of_staff_stays_cheap(app: Flask, staff: ApiClient, case: str) -> None:
    etag = staff.get(f"/api/conversations/{case}").headers["ETag"]
    statements: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    assert staff.get(f"/api/conversations/{case}", headers={"If-None-Match": etag}).status_code == 304
    assert len(statements) == 4, statements  # who reads, the case, its open jobs, who writes


def test_saved_replies_are_everybodys_at_the_desk(staff: ApiClient, admin: ApiClient) -> None:
    title = f"Délai {uuid4().hex}"
    made = staff.post("/api/saved_replies", {"title": f" {title} ", "content": "Deux jours.", "language": "fr"})
    assert made.status_code == 201
    row = made.json()
    assert (row["title"], row["language"]) == (title, "fr")
    assert row in admin.get("/api/saved_replies").json()["items"]
    other = {"title": title, "content": "Two days.", "language": "en"}
    problem(admin.post("/api/saved_replies", other), 409, "title_taken")
    changed = admin.request("PUT", f"/api/saved_replies/{row['id']}", json=other).json()
    assert (changed["content"], changed["language"]) == ("Two days.", "en")
    assert admin.delete(f"/api/saved_replies/{row['id']}").status_code == 204
    problem(admin.delete(f"/api/saved_replies/{row['id']}"), 404, "not_found")


@pytest.mark.parametrize(
    "wrong",
    [
        *({"title": value, "content": "x"} for value in ("", " ", "x" * 201, "a\x00")),
        *({"title": "x", "content": value} for value in ("", "\n", "x" * 8001)),
        {"title": "x", "content": "x", "language": "de"},
    ],
)
def test_a_saved_reply_has_a_title_and_a_text(staff: ApiClient, wrong: Json) -> None:
    problem(staff.post("/api/saved_replies", wrong), 422, "invalid")


def test_a_proposal_is_staffs_alone_and_no_message(
    client: ApiClient, staff: ApiClient, case: str, database_url: str
) -> None:
    asked = staff.post(f"/api/conversations/{case}/proposal")
    assert asked.status_code == 202
    job = asked.json()["job"]
    assert (job["kind"], job["status"]) == ("proposal", "queued")
    assert staff.post(f"/api/conversations/{case}/proposal").json()["job"]["id"] == job["id"]
    problem(client.get(f"/api/jobs/{job['id']}"), 404, "not_found")
    kinds = [sorted(each["kind"] for each in who.conversation(case)["jobs"]) for who in (client, staff)]
    assert kinds == [["reply"], ["proposal", "reply"]]
    with transaction(database_url) as session:
        claim = claimed(session, job["id"], JobKind.PROPOSAL)
        result = '{"text": "Cinq ans.", "sources": [], "internal": true}'
        jobs.end(session, claim, JobStatus.SUCCEEDED, result=result)
    assert staff.job(job["id"])["result"] == {"text": "Cinq ans.", "sources": [], "internal": True}
    assert [message["role"] for message in client.conversation(case)["messages"]] == ["client"]


def test_a_closed_case_has_no_proposal(client: ApiClient, staff: ApiClient, case: str) -> None:
    client.post("/api/close_conversation", {"conversation_id": case})
    problem(staff.post(f"/api/conversations/{case}/proposal"), 409, "conversation_closed")


def test_a_case_is_given_back_by_saying_so(staff: ApiClient, case: str) -> None:
    path = f"/api/conversations/{case}"
    assert staff.patch(path, {"assignee_id": staff.user["id"]}).json()["assignee"]["id"] == staff.user["id"]
    assert staff.patch(path, {"subject": "Volet"}).json()["assignee"]["id"] == staff.user["id"]
    assert staff.patch(path, {"assignee_id": None}).json()["assignee"] is None
