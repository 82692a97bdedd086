"""A firm whose vectors come from a provider: they are compared, and nobody waits for a provider that is away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.fakes.model_modes import Mode, Operation
from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import FACT, QUESTION
from webapp.assistant.llm import REASONS
from webapp.domain import Role

if TYPE_CHECKING:
    from tests.fakes.model_journal import Received
    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient
    from tests.harness.stack import Stack


def _upload(admin: ApiClient, name: str, text: str) -> str:
    files = {"file": (name, f"# Notice\n\n{text}\n".encode())}
    accepted = admin.post("/api/knowledge/documents", files=files, data={"audience": "public"}).json()
    return str(accepted["job"]["id"])


def _encoded(model: ModelServer) -> list[str]:
    """Every text whose vector was asked for."""
    return [text for request in _requests(model) for text in request.body["input"]]


def _requests(model: ModelServer) -> list[Received]:
    return [request for request in model.requests if request.operation == Operation.EMBEDDINGS]


def _calls(stack: Stack) -> dict[str, float]:
    """Calls for vectors, by how they ended."""
    found = re.findall(
        r'^sav_llm_requests_total{model="vectors",operation="embedding",status="(\w+)"} (\S+)$',
        stack.metrics(),
        re.MULTILINE,
    )
    (timed,) = re.findall(
        r'^sav_llm_request_duration_seconds_count{model="vectors",operation="embedding"} (\S+)$',
        stack.metrics(),
        re.MULTILINE,
    )
    calls = {status: float(count) for status, count in found}
    assert calls["ok"] == float(timed)
    return calls


def test_a_provider_of_vectors(stack: Stack, model_server: ModelServer) -> None:
    stack.environ["OPENAI_EMBEDDING_MODEL"] = "vectors"
    stack.start(workers={"replies": 1, "documents": 1})
    client, admin, url = stack.client(), stack.staff(Role.ADMIN), stack.environ["DATABASE_URL"]
    assert _calls(stack) == dict.fromkeys(("ok", *REASONS), 0)
    assert stack.wait_job(admin, _upload(admin, "garantie.md", FACT))["status"] == "succeeded"
    assert query(url, "SELECT DISTINCT encoder FROM passage") == [("openai:vectors",)]
    assert client.ask(QUESTION)["result"]["message"]["outcome"] == "answered"
    assert QUESTION in _encoded(model_server)
    before = _calls(stack)
    assert before == dict.fromkeys(REASONS, 0) | {"ok": len(_requests(model_server))}

    model_server.set(Mode.SERVER_ERROR, operation=Operation.EMBEDDINGS, retry_after="1")
    stack.restart("replies-1")
    message = client.ask(QUESTION)["result"]["message"]
    assert message["outcome"] == "answered"
    assert FACT in message["sources"][0]["excerpt"]
    assert _calls(stack) == before | {"server_error": 1}
    waits = _upload(admin, "pose.md", "Le volet Altair se pose en applique.")
    desk.until(lambda: desk.attempt(url, waits) > 1, "the document to be put off", stack)
    model_server.set(Mode.ANSWER, operation=Operation.EMBEDDINGS)
    assert stack.wait_job(admin, waits)["status"] == "succeeded"
    assert query(url, "SELECT sum(crashes) FROM job") == [(0,)]
    assert desk.broken(stack) == {}
