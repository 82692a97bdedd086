"""The firm's documents reach the answers of every process within seconds, and leave them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.tasks import desk
from webapp.domain import Queue, Role

if TYPE_CHECKING:
    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

CASES = {
    "caisson": "Le caisson du volet Altair se démonte en retirant quatre vis cruciformes par le dessous.",
    "tablier": "Le tablier du volet Altair se nettoie avec une éponge douce et du savon de Marseille.",
}
QUESTION = "Comment démonter le caisson et nettoyer le tablier du volet Altair ?"
REPLIES = ("replies-1", "replies-2")


def test_documents_come_and_go(stack: Stack, model_server: ModelServer) -> None:
    stack.environ["MAX_PENDING_PER_CLIENT"] = "100"
    stack.start(workers={"replies": 2, "documents": 1})
    client, admin = stack.client(), stack.staff(Role.ADMIN)
    documents = _published(stack, admin, client, model_server)
    _the_same_file_changes_nothing(stack, admin)
    _a_file_that_cannot_be_read_says_so(admin)
    assert desk.wait_runs_counted(stack, Queue.DOCUMENTS).keys() == {"succeeded", "failed"}
    _withdrawn_while_quoted(stack, admin, client, model_server, documents)
    assert desk.broken(stack) == {}


def _upload(admin: ApiClient, name: str, content: bytes) -> Json:
    answer = admin.post("/api/knowledge/documents", files={"file": (name, content)}, data={"audience": "public"})
    assert answer.status_code == 202, answer.text
    accepted: Json = answer.json()
    return accepted


def _notice(about: str) -> bytes:
    return f"# Entretien : {about}\n\n{CASES[about]}\n".encode()


def _published(stack: Stack, admin: ApiClient, client: ApiClient, model: ModelServer) -> dict[str, str]:
    """Both processes have an index already; both answer from the new documents, and say which version they used."""
    model.set(Mode.ANSWER, duration=2)
    _asked_of_both(stack, client, "no_answer")
    documents = {}
    for about in CASES:
        accepted = _upload(admin, f"{about}.md", _notice(about))
        assert admin.wait_job(accepted["job"]["id"])["status"] == "succeeded"
        documents[about] = accepted["document"]["id"]
    version = admin.get("/api/knowledge/index").json()["version"]
    for message in _asked_of_both(stack, client, "answered"):
        assert {one["document_id"] for one in message["sources"]} <= set(documents.values())
        row = query(stack.environ["DATABASE_URL"], "SELECT index_version FROM message WHERE id = %s", [message["id"]])
        assert row == [(version,)]
    model.reset()
    return documents


def _asked_of_both(stack: Stack, client: ApiClient, outcome: str) -> list[Json]:
    """The replies to more questions at once than one process has slots for."""
    before = [stack.process(name).output().count(" recorded") for name in REPLIES]
    jobs = [client.chat(QUESTION)["job"]["id"] for _ in range(12)]
    found = [client.wait_job(job_id)["result"]["message"] for job_id in jobs]
    after = [stack.process(name).output().count(" recorded") for name in REPLIES]
    assert all(now > then for now, then in zip(after, before, strict=True))
    assert {message["outcome"] for message in found} == {outcome}
    return found


def _state(stack: Stack) -> list[tuple[object, ...]]:
    return query(
        stack.environ["DATABASE_URL"],
        "SELECT (SELECT version FROM knowledge_index), (SELECT array_agg(id ORDER BY id) FROM passage),"
        " (SELECT count(*) FROM document), (SELECT count(*) FROM job WHERE kind = 'ingest')",
    )


def _the_same_file_changes_nothing(stack: Stack, admin: ApiClient) -> None:
    before = _state(stack)
    accepted = _upload(admin, "encore.md", _notice("caisson"))
    assert admin.wait_job(accepted["job"]["id"])["status"] == "succeeded"
    assert _state(stack) == before


def _a_file_that_cannot_be_read_says_so(admin: ApiClient) -> None:
    broken = _upload(admin, "casse.pdf", b"%PDF-1.7\n" + b"\x00\xff" * 500)
    good = _upload(admin, "bon.md", b"# Bon\n\nLe bouton du volet Altair est blanc.\n")
    assert admin.wait_job(broken["job"]["id"])["status"] == "failed"
    assert admin.get(f"/api/knowledge/documents/{broken['document']['id']}").json()["reason"]
    assert admin.wait_job(good["job"]["id"])["status"] == "succeeded"


def _withdrawn_while_quoted(
    stack: Stack, admin: ApiClient, client: ApiClient, model: ModelServer, documents: dict[str, str]
) -> None:
    """A document withdrawn while the model quotes it is in no reply: uncited first, then cited."""
    first = client.ask(QUESTION)["result"]["message"]["sources"][0]["document_id"]
    cited = next(about for about, document_id in documents.items() if document_id == first)
    uncited = next(about for about in CASES if about != cited)
    for gone in (uncited, cited):
        model.set(Mode.ANSWER, text=f"{CASES[uncited]} {CASES[cited]} [1]", duration=4, times=1)
        _, job_id = desk.ask_held(client, model, QUESTION)
        assert admin.delete(f"/api/knowledge/documents/{documents[gone]}").status_code == 204
        message = client.wait_job(job_id)["result"]["message"]
        assert CASES[gone] not in message["content"]
        assert documents[gone] not in [one["document_id"] for one in message["sources"]]
        assert desk.attempt(stack.environ["DATABASE_URL"], job_id) == 2
