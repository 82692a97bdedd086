"""One running stack, looked after: what is measured, what is logged under one id, what is paused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.tasks.desk import FACT, QUESTION
from webapp.assistant.llm import REASONS
from webapp.domain import Author, HandoverReason, IndexState, JobStatus, Pausable, Queue, Role
from webapp.metrics import ASK_MODEL

if TYPE_CHECKING:
    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient
    from tests.harness.stack import Stack

TRACE = "of-a-proxy.2026_01"
CONTRACT = {
    *(f'sav_jobs{{queue="{queue}",state="{state}"}}' for queue in Queue for state in JobStatus),
    *(f'sav_job_oldest_age_seconds{{queue="{queue}"}}' for queue in Queue),
    *(f'sav_jobs_due{{queue="{queue}"}}' for queue in Queue),
    *(f'sav_job_wait_seconds_count{{queue="{queue}"}}' for queue in Queue),
    *(
        f'sav_job_run_seconds_count{{outcome="{outcome}",queue="{queue}"}}'
        for queue in Queue
        for outcome in ("succeeded", "failed", "handed_over")
    ),
    *(f'sav_job_crashes_total{{queue="{queue}"}}' for queue in Queue),
    *(f'sav_worker_last_claim_timestamp_seconds{{queue="{queue}"}}' for queue in Queue),
    *(f'sav_law_violations{{law="{law}"}}' for law in ("lost", "doubled", "overdue", "orphaned")),
    *(
        f'sav_llm_requests_total{{model="gpt-4o-mini",operation="{operation}",status="{status}"}}'
        for operation in ASK_MODEL
        for status in ("ok", *REASONS)
    ),
    *(
        f'sav_llm_request_duration_seconds_count{{model="gpt-4o-mini",operation="{operation}"}}'
        for operation in ASK_MODEL
    ),
    *(f'sav_llm_tokens_total{{direction="{way}",model="gpt-4o-mini"}}' for way in ("input", "output")),
    *(f'sav_conversations{{status="{status}"}}' for status in ("new", "in_progress", "waiting_staff", "closed")),
    *(f'sav_messages_total{{role="{role}"}}' for role in Author),
    *(f'sav_handovers_total{{reason="{reason}"}}' for reason in HandoverReason),
    *(f'sav_index_state{{state="{state}"}}' for state in IndexState),
    *(f'sav_paused{{subject="{subject}"}}' for subject in Pausable),
    *(f'sav_llm_price{{direction="{way}"}}' for way in ("input", "output")),
    *("sav_customers_waiting", "sav_index_version", "sav_index_chunks", "sav_index_built_timestamp_seconds"),
    *("sav_retrieval_duration_seconds_count", "sav_retrieval_passages_count", "sav_upload_bytes_total"),
}


def _series(stack: Stack) -> dict[str, float]:
    lines = [line for line in stack.metrics().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_stack_is_measured_traced_and_paused(stack: Stack, model_server: ModelServer) -> None:
    stack.environ["LANG"] = "en"
    stack.start(dispatcher=1, workers={Queue.REPLIES: 1, Queue.BACKGROUND: 1, Queue.DOCUMENTS: 1})
    stack.start(web=False, dispatcher=1, workers={})  # a second one, on the same METRICS_PORT
    admin, client = stack.staff(Role.ADMIN), stack.client()
    _every_series_is_there_from_the_start(stack)
    _one_id_goes_through(stack, admin, client, model_server)
    _the_assistant_is_paused(admin, client, model_server)
    _a_queue_is_paused(stack, admin)
    _the_figures_survive_a_dispatcher(stack)
    erased = stack.client()
    erased.delete("/api/me", json={"password": erased.password})
    assert stack.run("flask", "--app", "wsgi", "erase-again").strip().endswith("0 accounts erased again")


def _every_series_is_there_from_the_start(stack: Stack) -> None:
    series = _series(stack)
    assert CONTRACT - set(series) == set()
    assert any(name.startswith("flask_http_request_duration_seconds_count") for name in series)
    counted = [name for name in CONTRACT if name.startswith(("sav_llm", "sav_job_run", "sav_handovers", "sav_paused"))]
    assert {series[name] for name in counted} == {0}


def _one_id_goes_through(stack: Stack, admin: ApiClient, client: ApiClient, model_server: ModelServer) -> None:
    document = {"file": ("garantie.md", f"# Garantie\n\n{FACT}\n".encode())}
    read = admin.post("/api/knowledge/documents", files=document, data={"audience": "public"}).json()
    assert stack.wait_job(admin, read["job"]["id"])["status"] == "succeeded"
    sent = client.post("/api/chat", json={"message": QUESTION}, headers={"X-Request-ID": TRACE})
    assert sent.headers["X-Request-ID"] == TRACE
    job_id = sent.json()["job"]["id"]
    assert stack.wait_job(client, job_id)["result"]["message"]["outcome"] == "answered"
    (known,) = query(stack.environ["DATABASE_URL"], "SELECT request_id FROM job WHERE id = %s", [job_id])
    assert known == (TRACE,)
    assert [call.headers["x-request-id"] for call in model_server.journal.received()] == [TRACE]
    trace = f"request={TRACE} job={job_id}"
    for name in ("dispatcher-1", "dispatcher-2", "replies-1"):
        assert QUESTION not in stack.process(name).output()
    assert trace in stack.process("dispatcher-1").output() + stack.process("dispatcher-2").output()
    assert trace in stack.process("replies-1").output()
    assert "POST /api/chat 202 in" in stack.process("web").output()
    forged = client.post("/api/chat", json={"message": "Merci"}, headers={"X-Request-ID": "a b\tc"})
    assert forged.headers["X-Request-ID"] != "a b\tc"
    assert stack.wait_job(client, forged.json()["job"]["id"])["status"] == "succeeded"


def _the_assistant_is_paused(admin: ApiClient, client: ApiClient, model_server: ModelServer) -> None:
    asked = len(model_server.journal.received())
    paused = admin.post("/api/operations/pauses", json={"subject": "assistant", "reason": "Il se trompe"})
    assert [each["reason"] for each in paused.json()["pauses"]] == ["Il se trompe"]
    sent = client.post("/api/chat", json={"message": QUESTION}).json()
    assert sent["job"]["status"] == "handed_over"
    assert sent["job"]["result"]["message"]["outcome"] == "handed_over"
    assert "Il se trompe" not in str(client.conversation(sent["conversation_id"]))
    assert len(model_server.journal.received()) == asked
    state = admin.delete("/api/operations/pauses/assistant").json()
    assert (state["pauses"], state["for_a_person"]["customers"]) == ([], 1)
    again = client.chat(QUESTION)
    assert client.wait_job(again["job"]["id"])["result"]["message"]["outcome"] == "answered"
    model = admin.get("/api/operations").json()["model"]
    assert (model["state"], model["errors"]) == ("well", 0)
    assert model["calls"] >= 2
    today = admin.get("/api/operations").json()["days"][-1]
    assert today["written"] > 0
    assert today["energy_wh"] > 0
    assert today["cost"] is None


def _a_queue_is_paused(stack: Stack, admin: ApiClient) -> None:
    admin.post("/api/operations/pauses", json={"subject": "background", "reason": "Essai"})
    search = admin.post("/api/knowledge/search", json={"query": QUESTION}).json()["job"]
    assert (search["status"], search["estimated_wait_s"]) == ("queued", None)
    series = _series(stack)
    assert series['sav_paused{subject="background"}'] == 1
    assert series['sav_jobs{queue="background",state="queued"}'] >= 1
    queue = {each["queue"]: each for each in admin.get("/api/operations").json()["queues"]}["background"]
    assert (queue["paused"], queue["running"], queue["workers"]) == (True, 0, 1)
    assert admin.job(search["id"])["status"] == "queued"
    admin.delete("/api/operations/pauses/background")
    assert stack.wait_job(admin, search["id"])["status"] == "succeeded"


def _the_figures_survive_a_dispatcher(stack: Stack) -> None:
    """The second could not have the port; it takes it over, and the application never noticed."""
    names = ["dispatcher-1", "dispatcher-2"]
    waits = [name for name in names if "is taken" in stack.process(name).output()]
    assert waits == ["dispatcher-2"]
    stack.kill("dispatcher-1")
    stack.process("dispatcher-2").wait_log("is ours now")
    wait_until(lambda: 'sav_paused{subject="assistant"} 0.0' in stack.metrics(), "the figures of the other dispatcher")
