"""What the assistant would answer, by a real worker: from the documents, in nobody's conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.tasks import desk
from webapp.domain import Role

if TYPE_CHECKING:
    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

TERMS = "# Garantie\n\nLa garantie des volets roulants dure cinq ans à compter de la livraison.\n"
ASKED = "Combien de temps dure la garantie des volets roulants ?"


def test_a_proposal_by_a_worker(stack: Stack, model_server: ModelServer) -> None:
    stack.start(workers={"background": 1, "documents": 1})
    client, staff, admin = stack.client(), stack.staff(), stack.staff(Role.ADMIN)
    files = {"file": ("conditions.md", TERMS.encode())}
    added = admin.request("POST", "/api/knowledge/documents", files=files, data={"audience": "internal"}).json()
    assert stack.wait_job(admin, added["job"]["id"])["status"] == "succeeded"
    case = client.chat(ASKED)["conversation_id"]  # no worker of replies: nothing but the proposals asks the model
    client.post(f"/api/conversations/{case}/handoff", {})

    done = _propose(stack, staff, case)
    assert done["status"] == "succeeded"
    assert "cinq ans" in done["result"]["text"]
    assert "[1]" not in done["result"]["text"]
    assert [source["title"] for source in done["result"]["sources"]] == ["Conditions"], "by its title"
    assert done["result"]["internal"], "it was written from a document that customers may not read"
    assert client.get(f"/api/jobs/{done['id']}").status_code == 404
    assert [each["role"] for each in client.conversation(case)["messages"]] == ["client", "assistant"]

    model_server.set(Mode.INVENTED)
    assert "987654321" not in _propose(stack, staff, case)["result"]["text"], "what stands nowhere is not proposed"

    model_server.set(Mode.UNAUTHORIZED)
    fallen = _propose(stack, staff, case)
    assert fallen["status"] in {"succeeded", "failed"}
    assert (fallen["result"] or {"text": "cinq ans"})["text"].count("cinq ans") == 1, "quoted, or nothing"

    model_server.reset()
    model_server.set(Mode.ANSWER, text="NO_ANSWER")
    nothing = _propose(stack, staff, case)["result"]
    assert (nothing["text"], nothing["sources"]) == ("", []), "the documents do not say"
    open_jobs = "SELECT count(*) FROM job WHERE kind = 'proposal' AND finished_at IS NULL"
    assert query(stack.environ["DATABASE_URL"], open_jobs) == [(0,)]
    assert desk.broken(stack) == {}


def _propose(stack: Stack, staff: ApiClient, case: str) -> Json:
    job = staff.post(f"/api/conversations/{case}/proposal").json()["job"]
    return stack.wait_job(staff, job["id"])
