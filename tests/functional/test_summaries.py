"""A case is closed at once; its summary is there at once, and better when the model has recovered."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.tasks import desk
from webapp.services import stats

if TYPE_CHECKING:
    import pytest

    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

SAID = "Mon volet roulant est bloqué, commande n° CMD2024-001. Pouvez-vous envoyer un technicien ?"
BY_MODEL = json.dumps(
    {"asked": ["Le volet roulant est bloqué."], "open": ["Envoyer un technicien."], "fields": {"product": "volet"}}
)
KEPT = stats.Stats.model_fields.keys() - {"opened"}
QUOTED, WRITTEN = f"Demande : {SAID}", "Demande : Le volet roulant est bloqué."


def _close(client: ApiClient, case: str) -> Json:
    job: Json = client.post("/api/close_conversation", {"conversation_id": case}).json()["job"]
    return job


def _begin(client: ApiClient) -> str:
    """A case that waits for a person, so that nothing but its summary asks the model."""
    case: str = client.chat("Bonjour")["conversation_id"]
    client.post(f"/api/conversations/{case}/handoff", {})
    client.chat(SAID, case)
    return case


def _first_line(client: ApiClient, case: str) -> str:
    return str(client.conversation(case)["summary"]).splitlines()[0]


def _summarised(metrics: str, status: str) -> bool:
    wanted = ('operation="summary"', f'status="{status}"')
    return any(all(word in line for word in wanted) for line in metrics.splitlines() if "llm_requests_total" in line)


def test_a_summary_is_quoted_at_once_and_replaced_when_the_model_recovers(
    stack: Stack, model_server: ModelServer, subtests: pytest.Subtests
) -> None:
    stack.start(workers={"background": 1})
    client, staff = stack.client(), stack.staff()

    with subtests.test("the model fails, then writes"):
        model_server.set(Mode.SERVER_ERROR, times=1)
        model_server.set(Mode.ANSWER, text=BY_MODEL)
        case = _begin(client)
        job = stack.wait_job(client, _close(client, case)["id"])
        assert (job["status"], job["result"]["fields"]["order_number"]) == ("succeeded", "CMD2024-001")
        assert job["result"]["summary"].startswith(QUOTED)
        desk.until(lambda: _first_line(client, case) == WRITTEN, "the model's summary", stack)
        seen = client.conversation(case)
        assert (seen["summary_state"], seen["summary_fields"]["product"]) == ("ready", "volet")
        assert _close(client, case)["id"] == job["id"]
        assert _summarised(stack.metrics(), "server_error")
        assert _summarised(stack.metrics(), "ok")

    with subtests.test("it is ready while the model still writes, and corrected meanwhile it stays"):
        model_server.set(Mode.ANSWER, text=BY_MODEL, token_delay=600)
        case = _begin(client)
        closed = _close(client, case)
        desk.until(lambda: client.conversation(case)["summary_state"] == "ready", "the quoted summary", stack)
        assert client.job(closed["id"])["status"] == "running"
        assert _first_line(client, case) == QUOTED
        edited = staff.request("PUT", f"/api/conversations/{case}/summary", json={"summary": "De ma main"})
        assert edited.status_code == 200
        model_server.hurry()
        stack.wait_job(client, closed["id"])
        assert client.conversation(case)["summary"] == "De ma main"
        assert _open_summaries(stack, case) == 0

    with subtests.test("what fails the checks is not shown, and asked for three times"):
        model_server.reset()
        model_server.set(Mode.ANSWER, text='{"asked": ["Le remboursement est promis pour le 4 juin."]}')
        case = _begin(client)
        stack.wait_job(client, _close(client, case)["id"])
        for asked in (1, 2):
            model_server.journal.wait_requests(asked)
            _hurry(stack, case)
        model_server.journal.wait_requests(3)
        wait_until(lambda: _open_summaries(stack, case) == 0, "the last try", evidence=stack.tails)
        assert _first_line(client, case) == QUOTED
        assert len(model_server.requests) == 3

    with subtests.test("a key that is refused is not tried again"):
        model_server.reset()
        model_server.set(Mode.UNAUTHORIZED)
        case = _begin(client)
        stack.wait_job(client, _close(client, case)["id"])
        assert (_first_line(client, case), _open_summaries(stack, case)) == (QUOTED, 0)

    with subtests.test("figures that are long to read are read again behind whoever looks"):
        _long_figures_are_read_again(stack, staff)
    assert desk.broken(stack) == {}


def _long_figures_are_read_again(stack: Stack, staff: ApiClient) -> None:
    earlier = staff.get("/api/stats?period=week").json()
    old = {"opened": 77, **{name: earlier[name] for name in KEPT}}
    query(stack.environ["DATABASE_URL"], "DELETE FROM kept_stats", [])
    keep = "INSERT INTO kept_stats VALUES ('week', 'Europe/Paris', %s, 9, now() - interval '1 h')"
    query(stack.environ["DATABASE_URL"], keep, [json.dumps(old)])
    assert staff.get("/api/stats?period=week").json()["opened"] == 77
    desk.until(
        lambda: staff.get("/api/stats?period=week").json()["opened"] == earlier["opened"], "newer figures", stack
    )


def _open_summaries(stack: Stack, case: str) -> Any:  # noqa: ANN401  # a count
    return query(
        stack.environ["DATABASE_URL"],
        "SELECT count(*) FROM job WHERE kind = 'summary' AND finished_at IS NULL AND conversation_id = %s",
        [case],
    )[0][0]


def _hurry(stack: Stack, case: str) -> None:
    """Make the further try due, once it is there."""
    url = stack.environ["DATABASE_URL"]
    due = "UPDATE job SET next_at = now() WHERE kind = 'summary' AND status = 'queued' AND conversation_id = %s"
    wait_until(lambda: bool(query(url, f"{due} RETURNING 1", [case])), "a further try", evidence=stack.tails)
