"""A question's way to its reply, through real processes and a model that speaks the real protocol."""

from __future__ import annotations

import itertools
import re
import time
from typing import TYPE_CHECKING

import httpx

from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import FACT, QUESTION
from webapp.domain import Language, Queue
from webapp.texts import say

if TYPE_CHECKING:
    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

INVENTED = "La garantie des volets roulants Altair dure sept ans, et la pose coûte 4321 euros. Elle court [1]."


def _drafts(client: ApiClient, job_id: str) -> tuple[list[str], Json]:
    """Every partial text seen until the job ended, and the job."""
    seen: list[str] = []
    while True:
        job = client.job(job_id)
        if job["finished_at"] is not None:
            return seen, job
        if job["partial_text"] and (not seen or seen[-1] != job["partial_text"]):
            seen.append(job["partial_text"])
        time.sleep(0.05)


def test_the_model_answers_growing_and_keeps_to_what_is_known(stack: Stack, model_server: ModelServer) -> None:
    desk.teach(stack.settings)
    stack.environ["MAX_PENDING_PER_CLIENT"] = "100"
    stack.start(workers={"replies": 2})
    client, staff = stack.client(), stack.staff()
    url = stack.environ["DATABASE_URL"]

    model_server.set(Mode.ANSWER, text=f"{FACT} [1] {FACT} [1] {FACT} [1]", duration=4)
    drafts, job = _drafts(client, client.chat(QUESTION)["job"]["id"])
    assert len(drafts) >= 2
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(drafts))
    assert (job["status"], job["partial_text"]) == ("succeeded", None)
    message = job["result"]["message"]
    assert (message["outcome"], len(message["sources"])) == ("answered", 1)
    row = query(
        url,
        "SELECT model, input_tokens > 0, output_tokens > 0, index_version FROM message WHERE id = %s",
        [message["id"]],
    )
    version = query(url, "SELECT version FROM knowledge_index")[0][0]
    assert row == [(stack.settings.openai_model, True, True, version)]

    model_server.set(Mode.ANSWER, text=INVENTED, duration=3)
    drafts, job = _drafts(client, client.chat(QUESTION)["job"]["id"])
    assert drafts
    assert not any(re.search(r"\d", draft) for draft in drafts)
    assert "4321" not in job["result"]["message"]["content"]

    _only_the_person_is_heard(client, staff, model_server)
    _in_order(stack, client, model_server)
    assert desk.broken(stack) == {}
    assert desk.wait_runs_counted(stack, Queue.REPLIES) == {"succeeded": 8, "handed_over": 3}


def _only_the_person_is_heard(client: ApiClient, staff: ApiClient, model: ModelServer) -> None:
    """Three ways a person takes over while the assistant writes; the call under way ends before the model is done."""
    ways = {
        "staff_spoke": lambda case: staff.post(f"/api/conversations/{case}/messages", {"content": "Je m'en occupe."}),
        "customer": lambda case: client.post(f"/api/conversations/{case}/handoff", {}),
        "closed": lambda case: client.post("/api/close_conversation", {"conversation_id": case}),
    }
    for reason, act in ways.items():
        model.set(Mode.ANSWER, text=f"{FACT} " * 40, duration=30)
        case, job_id = desk.ask_held(client, model)
        assert httpx.codes.is_success(act(case).status_code)
        job = client.wait_job(job_id)
        notice = job["result"]["message"]
        expected = say(f"notices.handed_over.{reason}", Language.FR)
        assert (job["status"], notice["outcome"], notice["content"]) == ("handed_over", "handed_over", expected)
        model.journal.wait(lambda journal: journal.state()["in_flight"] == 0, "the call dropped", 20)
        assert model.requests[-1].client_gone
        said = [(one["role"], one["outcome"]) for one in client.conversation(case)["messages"]]
        staff_words = [("staff", None)] if reason == "staff_spoke" else []
        assert said == [("client", None), ("assistant", "handed_over"), *staff_words]
    model.reset()


def _in_order(stack: Stack, client: ApiClient, model: ModelServer) -> None:
    """Six messages of one case, the first ones the slowest, and two processes that could answer them all at once."""
    for number, seconds in enumerate((2, 1, 0.5), 1):
        model.set(Mode.ANSWER, text=f"{FACT} [1]", duration=seconds, match=f"rang-{'abc'[number - 1]}")
    first = client.chat(f"{QUESTION} rang-a")
    case = first["conversation_id"]
    jobs = [first["job"]["id"]]
    jobs += [client.chat(f"{QUESTION} rang-{letter}", case)["job"]["id"] for letter in "bcdef"]
    for job_id in jobs:
        client.wait_job(job_id)
    url = stack.environ["DATABASE_URL"]
    order = query(
        url,
        "SELECT q.seq FROM message r JOIN message q ON q.id = r.reply_to WHERE r.conversation_id = %s ORDER BY r.seq",
        [case],
    )
    assert order == sorted(order)
    assert len(order) == 6


def test_without_a_model_the_documents_are_quoted(stack: Stack) -> None:
    desk.teach(stack.settings)
    del stack.environ["OPENAI_API_KEY"]
    stack.start(workers={"replies": 1})
    job = stack.client().ask(QUESTION)
    message = job["result"]["message"]
    assert (job["status"], message["outcome"]) == ("succeeded", "answered")
    assert FACT in message["content"]
    assert desk.replies(stack.environ["DATABASE_URL"], message["reply_to"]) == [
        (message["content"], "answered", "extractive")
    ]
    assert desk.broken(stack) == {}
