"""GET /api/jobs/{id}: what a browser that waits is told, from queued to the reply."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from tests.harness.servers import query
from tests.routes.api.problem import problem
from tests.services.work import answer, claimed, reply, transaction
from webapp.app import WEB_THREADS
from webapp.domain import HandoverReason, JobKind, JobStatus, Outcome
from webapp.extensions import STATEMENTS, db
from webapp.services import jobs, replies, supervision

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from flask import Flask
    from sqlalchemy import Connection

    from tests.harness.api import ApiClient

Json = dict[str, Any]

NOTHING: Json = dict.fromkeys(
    ("position", "estimated_wait_s", "partial_text", "progress", "started_at", "finished_at", "error", "result")
)


@pytest.fixture
def sent(client: ApiClient) -> Json:
    return client.chat("Combien de temps dure la garantie ?")


def _poll(client: ApiClient, job_id: str, etag: str | None = None) -> httpx.Response:
    return client.get(f"/api/jobs/{job_id}", headers={"If-None-Match": etag} if etag else None)


def test_a_queued_job_says_its_place_and_when_to_ask_again(client: ApiClient, sent: Json) -> None:
    job = client.job(sent["job"]["id"])
    assert isinstance(job.pop("position"), int)
    assert isinstance(job.pop("estimated_wait_s"), int)
    assert 500 <= job.pop("poll_after_ms") <= 4000
    fixed = {"id": sent["job"]["id"], "kind": "reply", "status": "queued", "attempts": 0}
    fixed["message_id"] = sent["message"]["id"]
    empty = {name: None for name in NOTHING if name not in ("position", "estimated_wait_s")}
    assert job == fixed | empty | {"created_at": job["created_at"]}
    assert job["created_at"].endswith("Z")


def test_a_place_counts_the_jobs_before_exactly_to_ten_then_by_tens(
    client: ApiClient, sent: Json, database_url: str
) -> None:
    job_id = sent["job"]["id"]
    number = int(str(query(database_url, "SELECT number FROM job WHERE id = %s", [job_id])[0][0]))
    for before, told in ((0, 0), (1, 1), (10, 10), (11, 10), (19, 10), (20, 20), (1234, 1230), (-5, 0)):
        with transaction(database_url) as session:
            supervision.keep_heads(session)
        query(database_url, "UPDATE queue_head SET head = %s, seconds_per_job = 2", [number - before])
        assert client.job(job_id)["position"] == told
    query(database_url, "DELETE FROM queue_head")
    assert client.job(job_id)["position"] == 0


def test_a_running_job_shows_its_draft(client: ApiClient, sent: Json, database_url: str) -> None:
    job_id = sent["job"]["id"]
    with transaction(database_url) as session:
        claim = claimed(session, job_id)
    running = client.job(job_id)
    assert (running["status"], running["attempts"], running["partial_text"]) == ("running", 1, None)
    assert (running["position"], running["estimated_wait_s"]) == (None, None)
    assert running["started_at"] is not None
    assert running["poll_after_ms"] == 500
    tags = {_poll(client, job_id).headers["ETag"]}
    for draft in ("La garantie", "La garantie dure"):
        with transaction(database_url) as session:
            assert replies.write_draft(session, claim, draft)
        shown = _poll(client, job_id)
        assert shown.json()["partial_text"] == draft
        tags.add(shown.headers["ETag"])
    assert len(tags) == 3
    with transaction(database_url) as session:
        assert jobs.requeue(session, claim)
    again = client.job(job_id)
    assert (again["status"], again["partial_text"], again["attempts"]) == ("queued", None, 1)
    assert (again["position"], again["estimated_wait_s"]) == (0, None), "what was tried in vain has no time to promise"


def test_an_ended_job_has_its_reply(client: ApiClient, sent: Json, database_url: str) -> None:
    with transaction(database_url) as session:
        assert answer(session, sent["job"]["id"], reply("Elle dure **cinq ans** <script>."))
    job = client.job(sent["job"]["id"])
    message = job["result"]["message"]
    ended = {"status": "succeeded", "poll_after_ms": None, "position": None, "partial_text": None, "error": None}
    assert {name: job[name] for name in ended} == ended
    assert job["finished_at"] >= job["started_at"] >= job["created_at"]
    assert set(message) == {
        *("id", "seq", "role", "author", "content", "html", "created_at", "reply_to", "attachments", "sources"),
        *("outcome", "feedback", "feedback_comment"),
    }
    assert (message["role"], message["outcome"], message["seq"]) == ("assistant", "answered", 2)
    assert message["reply_to"] == sent["message"]["id"]
    assert "<strong>cinq ans</strong>" in message["html"]
    assert "<script" not in message["html"]
    assert client.conversation(sent["conversation_id"])["messages"][1] == message


def test_a_handed_over_job_ends_with_its_notice(client: ApiClient, sent: Json, database_url: str) -> None:
    query(database_url, "UPDATE job SET deadline_at = now() - interval '1 s' WHERE id = %s", [sent["job"]["id"]])
    with transaction(database_url) as session:
        for late in supervision.overdue(session):
            supervision.give_up(session, late, HandoverReason.DEADLINE)
    job = client.job(sent["job"]["id"])
    assert (job["status"], job["error"], job["result"]["message"]["outcome"]) == ("handed_over", None, "handed_over")
    seen = client.conversation(sent["conversation_id"])
    assert (seen["status"], seen["assistant"], seen["jobs"]) == ("waiting_staff", "on", [])


def test_a_failed_job_says_why_in_words(staff: ApiClient, database_url: str) -> None:
    found = staff.post("/api/knowledge/search", {"query": "garantie"}).json()["job"]
    with transaction(database_url) as session:
        claim = claimed(session, found["id"], JobKind.SEARCH)
        assert jobs.end(session, claim, JobStatus.FAILED, error_code="deadline")
    job = staff.job(found["id"])
    assert (job["status"], job["error"]["code"], job["result"]) == ("failed", "deadline", None)
    assert job["error"]["detail"].endswith(".")


def test_an_unchanged_job_is_not_told_again(client: ApiClient, sent: Json, database_url: str) -> None:
    first = _poll(client, sent["job"]["id"])
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    assert etag.endswith('"')
    unchanged = _poll(client, sent["job"]["id"], etag)
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", etag)
    assert "no-cache" in first.headers["Cache-Control"]
    assert "private" in first.headers["Cache-Control"]
    for same in (f'"x", {etag}', f"W/{etag}", "*"):  # RFC 9110: compared weakly, as a proxy may have weakened it
        assert _poll(client, sent["job"]["id"], same).status_code == 304, same
    assert _poll(client, sent["job"]["id"], '"x"').status_code == 200
    other_language = client.get(
        f"/api/jobs/{sent['job']['id']}", headers={"If-None-Match": etag, "Accept-Language": "en"}
    )
    assert other_language.status_code == 200
    with transaction(database_url) as session:
        assert answer(session, sent["job"]["id"])
    assert _poll(client, sent["job"]["id"], etag).status_code == 200


def test_a_connection_cut_after_a_poll_costs_no_later_poll_anything(
    client: ApiClient, app: Flask, sent: Json, database_url: str
) -> None:
    """More polls than the pool has places, and each one's connection is cut once it has its answer."""
    cut = []

    def cut_off(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("PREPARE"):
            return
        pid = connection.connection.dbapi_connection.info.backend_pid  # type: ignore[union-attr]  # it is open
        query(database_url, "SELECT pg_terminate_backend(%s, 5000)", [pid])
        cut.append(pid)

    with app.app_context():
        engine = db.engines[STATEMENTS]
    event.listen(engine, "after_cursor_execute", cut_off)
    try:
        statuses = [_poll(client, sent["job"]["id"]).status_code for _ in range(2 * WEB_THREADS)]
    finally:
        event.remove(engine, "after_cursor_execute", cut_off)
    assert statuses == [200] * len(statuses)
    assert len(set(cut)) == len(statuses)
    assert _poll(client, sent["job"]["id"]).status_code == 200


def test_a_job_is_its_customers_and_staffs(
    client: ApiClient, sent: Json, staff: ApiClient, new_client: Callable[[], ApiClient]
) -> None:
    other = new_client()
    other.register()
    etag = _poll(client, sent["job"]["id"]).headers["ETag"]
    problem(_poll(other, sent["job"]["id"], etag), 404, "not_found")
    assert _poll(staff, sent["job"]["id"]).json()["id"] == sent["job"]["id"]


def test_no_answer_twice_in_a_row_hands_over(client: ApiClient, database_url: str) -> None:
    case = client.chat("Un")["conversation_id"]
    outcomes = []
    for text in ("Deux", "Trois"):
        with transaction(database_url) as session:
            open_job = query(
                database_url, "SELECT id FROM job WHERE conversation_id = %s AND status = 'queued'", [case]
            )
            assert answer(session, open_job[0][0], reply("Je ne sais pas.", Outcome.NO_ANSWER))  # type: ignore[arg-type]  # a row
        outcomes.append(client.conversation(case)["messages"][-1]["outcome"])
        client.chat(text, case)
    assert outcomes == ["no_answer", "handed_over"]
    assert client.conversation(case)["status"] == "waiting_staff"
