"""What people of the firm do in a case, and what it does to the assistant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.harness.servers import query
from tests.routes.api.problem import problem
from tests.services.work import claimed, reply, transaction
from webapp.services import replies

if TYPE_CHECKING:
    from flask import Flask

    from tests.harness.api import ApiClient

Json = dict[str, Any]


@pytest.fixture
def sent(client: ApiClient) -> Json:
    return client.chat("Mon volet est bloqué")


@pytest.fixture
def case(sent: Json) -> str:
    return str(sent["conversation_id"])


def _speak(staff: ApiClient, case: str, content: str = "Bonjour, je m'en **occupe**.") -> Json:
    answer = staff.post(f"/api/conversations/{case}/messages", {"content": content})
    assert answer.status_code == 201, answer.text
    found: Json = answer.json()
    return found


def test_a_person_who_speaks_silences_the_assistant(client: ApiClient, staff: ApiClient, sent: Json, case: str) -> None:
    client.chat("Et ma porte", case)
    said = _speak(staff, case)
    assert (said["role"], said["author"], said["reply_to"], said["seq"]) == ("staff", staff.user["name"], None, 5)
    assert "<strong>occupe</strong>" in said["html"]
    seen = client.conversation(case)
    roles = [(message["role"], message["outcome"]) for message in seen["messages"]]
    assert roles == [("client", None)] * 2 + [("assistant", "handed_over")] * 2 + [("staff", None)]
    assert (seen["status"], seen["assistant"], seen["jobs"]) == ("in_progress", "off", [])
    assert seen["assignee"] == {"id": staff.user["id"], "name": staff.user["name"], "email": None}
    job = client.job(sent["job"]["id"])
    assert (job["status"], job["result"]["message"]["reply_to"]) == ("handed_over", sent["message"]["id"])
    assert staff.conversation(case)["unread"] is False


def test_a_reply_that_was_being_written_when_a_person_spoke_is_dropped(
    client: ApiClient, staff: ApiClient, sent: Json, case: str, database_url: str
) -> None:
    with transaction(database_url) as session:
        claim = claimed(session, sent["job"]["id"])
        replies.write_draft(session, claim, "La garantie")
    _speak(staff, case)
    assert query(database_url, "SELECT count(*) FROM draft WHERE job_id = %s", [sent["job"]["id"]]) == [(0,)]
    with transaction(database_url) as session:
        assert replies.write_draft(session, claim, "La garantie dure") is False
        assert replies.record(session, claim, reply(), 0, ()) is False
    assert [message["role"] for message in client.conversation(case)["messages"]] == ["client", "assistant", "staff"]


def test_staff_turns_the_assistant_off_and_on(client: ApiClient, staff: ApiClient, sent: Json, case: str) -> None:
    seen = staff.patch(f"/api/conversations/{case}", {"assistant": "off"}).json()
    assert (seen["assistant"], seen["jobs"], seen["status"]) == ("off", [], "waiting_staff")
    assert client.job(sent["job"]["id"])["status"] == "handed_over"
    assert client.post("/api/chat", {"message": "M", "conversation_id": case}).json()["job"] is None
    assert staff.patch(f"/api/conversations/{case}", {"assistant": "on"}).json()["assistant"] == "on"
    assert client.post("/api/chat", {"message": "M", "conversation_id": case}).json()["job"]["status"] == "queued"


def test_staff_moves_a_case(staff: ApiClient, case: str) -> None:
    for status in ("in_progress", "waiting_staff", "new"):
        seen = staff.patch(f"/api/conversations/{case}", {"status": status}).json()
        assert seen["status"] == status
        assert (seen["waiting_since"] is not None) == (status == "waiting_staff")
    seen = staff.patch(f"/api/conversations/{case}", {"subject": "  Volet  ", "assignee_id": staff.user["id"]}).json()
    assert (seen["subject"], seen["assignee"]["id"]) == ("Volet", staff.user["id"])
    assert staff.patch(f"/api/conversations/{case}", {}).json()["subject"] == "Volet"


def test_a_case_goes_to_people_of_the_firm_only(
    client: ApiClient, staff: ApiClient, admin: ApiClient, case: str, database_url: str
) -> None:
    for nobody in (str(uuid4()), client.user["id"]):
        found = problem(staff.patch(f"/api/conversations/{case}", {"assignee_id": nobody}), 422, "invalid")
        assert found["errors"][0]["field"] == "assignee_id"
    assert staff.patch(f"/api/conversations/{case}", {"assignee_id": admin.user["id"]}).status_code == 200
    query(database_url, "UPDATE account SET active = false WHERE email = %s", [admin.email])
    problem(staff.patch(f"/api/conversations/{case}", {"assignee_id": admin.user["id"]}), 422, "invalid")
    assert staff.conversation(case)["assignee"]["id"] == admin.user["id"]


@pytest.mark.parametrize(
    "wrong",
    [
        *({"status": value} for value in ("open", "", 1, ["new"])),
        *({"assistant": value} for value in (True, "yes")),
        *({"subject": value} for value in ("", "  ", "x" * 201, "a\x00b", 5)),
        {"client_id": "x"},
        {"version": 1},
    ],
)
def test_a_change_says_what_it_may(staff: ApiClient, case: str, wrong: Json) -> None:
    before = staff.conversation(case)
    problem(staff.patch(f"/api/conversations/{case}", wrong), 422, "invalid")
    assert staff.conversation(case) == before


def test_closing_has_its_own_call_and_a_closed_case_is_reopened_first(
    client: ApiClient, staff: ApiClient, case: str
) -> None:
    problem(staff.patch(f"/api/conversations/{case}", {"status": "closed"}), 409, "conflict")
    assert client.post("/api/close_conversation", {"conversation_id": case}).status_code == 202
    closed = client.conversation(case)
    for refused in (
        staff.patch(f"/api/conversations/{case}", {"status": "new"}),
        staff.patch(f"/api/conversations/{case}", {"assistant": "off"}),
        staff.post(f"/api/conversations/{case}/messages", {"content": "Trop tard"}),
        client.post(f"/api/conversations/{case}/handoff"),
    ):
        problem(refused, 409, "conversation_closed")
    assert client.conversation(case) == closed
    assert staff.post(f"/api/conversations/{case}/reopen").json()["status"] == "in_progress"


@pytest.mark.parametrize("wrong", [{}, {"content": ""}, {"content": " \n "}, {"content": "x" * 8001}, {"message": "M"}])
def test_staff_says_something(client: ApiClient, staff: ApiClient, case: str, wrong: Json) -> None:
    problem(staff.post(f"/api/conversations/{case}/messages", wrong), 422, "invalid")
    assert len(client.conversation(case)["messages"]) == 1
    assert client.conversation(case)["assistant"] == "on"


def test_what_staff_writes_is_cleaned_like_what_a_model_says(staff: ApiClient, case: str) -> None:
    said = _speak(staff, case, "<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![i](https://evil.example/p.png)")
    assert not any(word in said["html"] for word in ("<img", 'href="javascript', "evil.example"))


def test_customers_know_staff_by_name_alone(client: ApiClient, staff: ApiClient, case: str) -> None:
    _speak(staff, case)
    assert staff.email not in client.get(f"/api/conversations/{case}").text
    assert staff.email not in client.get("/api/conversations").text
    assert staff.email not in client.get(f"/api/conversations/{case}/export").text
    assert client.email in staff.get(f"/api/conversations/{case}").text


def test_a_message_sent_again_under_its_key_is_said_once(staff: ApiClient, case: str) -> None:
    first = staff.post(f"/api/conversations/{case}/messages", {"content": "Je regarde."}, key="mine")
    again = staff.post(f"/api/conversations/{case}/messages", {"content": "Je regarde."}, key="mine")
    assert again.json()["id"] == first.json()["id"]
    other = staff.post(f"/api/conversations/{case}/messages", {"content": "Autre chose."}, key="mine")
    assert problem(other, 422)["errors"][0]["field"] == "Idempotency-Key"


def test_a_case_reopened_while_the_assistant_is_off_waits_for_a_person(client: ApiClient, case: str) -> None:
    client.post(f"/api/conversations/{case}/handoff", {})
    client.post("/api/close_conversation", {"conversation_id": case})
    reopened = client.post(f"/api/conversations/{case}/reopen", {}).json()
    assert reopened["status"] == "waiting_staff"
    assert reopened["waiting_since"] is not None


def test_what_a_customer_writes_to_nobody_but_people_is_bounded(
    app: Flask, client: ApiClient, case: str, database_url: str
) -> None:
    client.post(f"/api/conversations/{case}/handoff", {})
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={"ratelimit_enabled": True})
    answers = [
        client.post("/api/chat", {"message": f"Message {number}", "conversation_id": case}) for number in range(61)
    ]
    assert [answer.status_code for answer in answers] == [202] * 60 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    kept = query(database_url, "SELECT count(*) FROM message WHERE role = 'client' AND conversation_id = %s", [case])
    assert kept[0][0] == 61  # the first question, and the sixty
