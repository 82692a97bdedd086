from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx
import openai
import pytest
from langchain_openai import OpenAIEmbeddings

from tests.fakes import model_plans, model_texts
from tests.fakes.model_client import KEY, PROMPT, QUOTE, client, stream
from tests.fakes.model_modes import Behaviour, Mode, Operation
from tests.harness.commands import ROOT

if TYPE_CHECKING:
    from tests.fakes.model_server import ModelServer


def test_invoke_quotes_the_first_passage_and_counts_tokens(model_server: ModelServer) -> None:
    reply = client(model_server).invoke(PROMPT)
    assert reply.content == QUOTE
    assert reply.usage_metadata is not None
    assert reply.usage_metadata["output_tokens"] == len(QUOTE) // 4


def test_stream_gives_the_same_words_in_pieces_with_usage_and_finish_reason(model_server: ModelServer) -> None:
    whole = stream(model_server)
    assert whole.content == QUOTE
    assert whole.usage_metadata is not None
    assert whole.response_metadata["finish_reason"] == "stop"
    assert model_server.requests[0].body["stream"] is True


def test_what_was_received_is_kept(model_server: ModelServer) -> None:
    client(model_server).invoke(PROMPT)
    model_server.journal.wait_idle()
    [entry] = model_server.requests
    assert entry.headers["authorization"] == "Bearer sk-of-a-test"
    assert entry.operation is Operation.CHAT
    assert model_texts.question(entry.body).endswith("Combien dure la garantie ?")
    assert entry.ended_at is not None
    assert entry.ended_at >= entry.started_at
    assert not entry.client_gone


def test_without_passages_it_echoes_and_replies_differ(model_server: ModelServer) -> None:
    first, second = (client(model_server).invoke(words).content for words in ("Bonjour", "Merci"))
    assert first == "Vous écrivez : Bonjour"
    assert second == "Vous écrivez : Merci"


def test_a_fixed_text_and_a_duration(model_server: ModelServer) -> None:
    model_server.set(text="Un texte fixe.", duration=0.2)
    assert stream(model_server).content == "Un texte fixe."
    body: model_texts.Body = {"stream": True, "messages": []}
    paced = model_plans.plan(Operation.CHAT, Behaviour(text="Un texte fixe.", duration=8.0), body)
    assert paced.pause * len(paced.pieces) == pytest.approx(8.0)


def test_what_comes_slowly_can_be_hurried(model_server: ModelServer) -> None:
    model_server.set(text="Un texte fixe.", token_delay=3600)
    said: list[object] = []
    reader = threading.Thread(target=lambda: said.append(stream(model_server, timeout=60).content))
    reader.start()
    model_server.journal.wait_requests(1)
    model_server.hurry()
    reader.join()
    assert said == ["Un texte fixe."]


def test_rules_by_substring_then_by_count_then_default(model_server: ModelServer) -> None:
    model_server.set(text="par défaut")
    model_server.set(text="la prochaine", times=1)
    model_server.set(text="au sujet du prix", match="prix")
    chat = client(model_server)
    asked = ("Quel prix ?", "Bonjour", "Bonjour", "Un prix encore ?")
    assert [chat.invoke(words).content for words in asked] == [
        "au sujet du prix",
        "la prochaine",
        "par défaut",
        "au sujet du prix",
    ]


def test_embeddings_are_deterministic_and_near_for_shared_words(model_server: ModelServer) -> None:
    embedder = OpenAIEmbeddings(
        model="fake-embedding",
        base_url=model_server.base_url,
        api_key=KEY,
        check_embedding_ctx_length=False,
        max_retries=0,
    )
    texts = ["la garantie dure deux ans", "combien de temps dure la garantie", "le colis est perdu"]
    first, second, third = embedder.embed_documents(texts)
    assert first == embedder.embed_query(texts[0])
    assert _dot(first, second) > _dot(first, third)
    model_server.set(Mode.SERVER_ERROR, operation=Operation.EMBEDDINGS)
    with pytest.raises(openai.InternalServerError):
        embedder.embed_query("bonjour")


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_connections_are_counted_until_the_client_closes_them(model_server: ModelServer) -> None:
    model_server.set(Mode.HANG)
    clients = [httpx.Client(trust_env=False, timeout=30) for _ in range(3)]
    threads = [threading.Thread(target=_swallow, args=(one, model_server.base_url)) for one in clients]
    for thread in threads:
        thread.start()
    model_server.journal.wait(lambda journal: journal.in_flight == 3, "three requests at once")
    assert model_server.journal.open_sockets == 3
    model_server.stop()
    for thread, one in zip(threads, clients, strict=True):
        thread.join()
        one.close()
    assert model_server.journal.state()["most_in_flight"] == 3


def _swallow(one: httpx.Client, url: str) -> None:
    with pytest.raises(httpx.TransportError):
        one.post(f"{url}/chat/completions", json={"messages": []})


def test_an_idle_connection_counts_until_it_is_closed(model_server: ModelServer) -> None:
    with httpx.Client(trust_env=False) as one:
        assert one.get(f"{model_server.base_url}/models").json()["data"][0]["id"] == "fake-model"
        assert model_server.journal.open_sockets == 1
    model_server.journal.wait_closed()


def test_the_control_api_of_the_program() -> None:
    command = [sys.executable, "-m", "tests.fakes.model_server", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base = process.stdout.readline().removeprefix("ready: ").strip()
        control = base.removesuffix("/v1") + "/control"
        with httpx.Client(trust_env=False) as one:
            assert one.post(control, json={"mode": "answer", "text": "Vu.", "times": 1}).status_code == 200
            assert one.post(control, json={"mode": "anser"}).status_code == 400
            assert one.post(control, json={"mode": "answer", "txt": "Vu."}).status_code == 400
            answer = one.post(f"{base}/chat/completions", json={"messages": [{"role": "user", "content": "A"}]}).json()
            assert answer["choices"][0]["message"]["content"] == "Vu."
            [entry] = one.get(f"{control}/requests").json()
            assert entry["body"] == {"messages": [{"role": "user", "content": "A"}]}
            assert one.get(f"{control}/state").json()["requests"] == 1
            assert one.delete(control).status_code == 200
            assert one.get(f"{control}/requests").json() == []
        process.terminate()
