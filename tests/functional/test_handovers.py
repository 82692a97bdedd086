"""A person takes over by the worker itself: without a model, in the reply slot, once; and what the customer is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import FACT, QUESTION
from webapp.assistant import prompts
from webapp.domain import HandoverReason, Language, Queue
from webapp.texts import say

if TYPE_CHECKING:
    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

UNKNOWN = ("Quelle est la capitale du Pérou ?", "Combien de lunes a Jupiter ?", "Qui a peint la Joconde ?")


@pytest.fixture
def client(stack: Stack, model_server: ModelServer) -> ApiClient:
    desk.teach(stack.settings)
    for question in UNKNOWN:
        model_server.set(Mode.ANSWER, text=prompts.NO_ANSWER, match=question)
    url = stack.environ["DATABASE_URL"]
    query(url, """UPDATE firm SET choices = choices || '{"safety_words": ["amiante"]}'""")
    stack.start(workers={"replies": 1})
    return stack.client()


def _notice(client: ApiClient, text: str, reason: str, case: str | None = None) -> Json:
    """The hand-over of a question, seen by the customer in the slot of her question."""
    job = client.ask(text, case)
    message: Json = job["result"]["message"]
    assert (job["status"], message["outcome"]) == ("handed_over", "handed_over")
    assert message["content"] == say(f"notices.handed_over.{reason}", Language.FR)
    return message


def _outcome(client: ApiClient, text: str, case: str) -> tuple[str, str]:
    job = client.ask(text, case)
    return job["status"], job["result"]["message"]["outcome"]


def _case_of(client: ApiClient, text: str) -> tuple[str, Json]:
    sent = client.chat(text)
    return sent["conversation_id"], client.wait_job(sent["job"]["id"])


def _counted(stack: Stack, reason: str) -> float:
    line = next(line for line in stack.metrics().splitlines() if f'sav_handovers_total{{reason="{reason}"}}' in line)
    return float(line.rsplit(" ", 1)[1])


def test_a_person_takes_over_without_a_model(stack: Stack, client: ApiClient, model_server: ModelServer) -> None:
    staff = stack.staff()
    assert all(_counted(stack, reason) == 0 for reason in HandoverReason)
    for text, reason, assistant in (
        ("Il y a une odeur de gaz", "safety", "on"),
        ("On a trouvé de l'amiante, commande CMD-45217", "safety", "on"),
        ("C'est scandaleux, vous êtes des voleurs", "anger", "on"),
        ("Je veux parler à un conseiller", "customer", "off"),
    ):
        before = _counted(stack, reason)
        sent = client.chat(text)
        assert client.wait_job(sent["job"]["id"])["result"]["message"]["content"] == say(
            f"notices.handed_over.{reason}", Language.FR
        )
        seen = client.conversation(sent["conversation_id"])
        assert (seen["status"], seen["assistant"], seen["brief"]) == ("waiting_staff", assistant, None)
        told = staff.conversation(sent["conversation_id"])
        assert told["handover_reason"] == reason
        assert text in told["brief"]
        assert _counted(stack, reason) == before + 1
    assert "CMD-45217" in staff.get("/api/conversations?q=amiante").json()["items"][0]["brief"]
    assert model_server.requests == []
    assert desk.broken(stack) == {}
    _the_same_question_again(client)
    _an_offer_taken_up(client)
    _while_a_person_is_owed(stack, client, staff)
    _after_a_closing(client)
    _in_the_customers_language(client)
    assert desk.broken(stack) == {}
    assert desk.wait_runs_counted(stack, Queue.REPLIES) == {"succeeded": 10, "handed_over": 10}


def _the_same_question_again(client: ApiClient) -> None:
    case, job = _case_of(client, QUESTION)
    assert FACT[:-1] in job["result"]["message"]["content"]
    assert _outcome(client, f"{QUESTION} Et des portes d'entrée vitrées ?", case)[0] == "succeeded"
    _notice(client, QUESTION.lower(), "repeated", case)
    assert client.conversation(case)["assistant"] == "on"


def _an_offer_taken_up(client: ApiClient) -> None:
    case, job = _case_of(client, UNKNOWN[0])
    assert job["result"]["message"]["outcome"] == "no_answer"
    _notice(client, "Oui, volontiers", "customer", case)
    assert client.chat("Merci", case)["job"] is None


def _while_a_person_is_owed(stack: Stack, client: ApiClient, staff: ApiClient) -> None:
    """The assistant goes on answering; nothing is handed over again but danger and the customer's own wish."""
    case, _ = _case_of(client, "C'est inadmissible")
    since, counted = staff.conversation(case)["waiting_since"], _counted(stack, "anger")
    assert _outcome(client, f"C'est scandaleux : {QUESTION}", case) == ("succeeded", "answered")
    for question in UNKNOWN:
        assert _outcome(client, question, case) == ("succeeded", "no_answer")
    _notice(client, "Le moteur a pris feu", "safety", case)
    told = staff.conversation(case)
    assert (told["waiting_since"], told["handover_reason"]) == (since, "safety")
    assert _counted(stack, "anger") == counted
    staff.post(f"/api/conversations/{case}/messages", {"content": "J'arrive."})
    staff.patch(f"/api/conversations/{case}", {"assistant": "on"})
    assert _outcome(client, QUESTION, case) == ("succeeded", "answered")
    _notice(client, QUESTION, "repeated", case)


def _after_a_closing(client: ApiClient) -> None:
    case, _ = _case_of(client, QUESTION)
    assert client.post("/api/close_conversation", {"conversation_id": case}).status_code == 202
    assert client.post(f"/api/conversations/{case}/reopen").status_code == 200
    assert _outcome(client, QUESTION, case) == ("succeeded", "answered")
    assert client.conversation(case)["status"] == "in_progress"


def _in_the_customers_language(client: ApiClient) -> None:
    job = client.ask("My son was hurt by the door, what can I do?")
    assert job["result"]["message"]["content"] == say("notices.handed_over.safety", Language.EN)
