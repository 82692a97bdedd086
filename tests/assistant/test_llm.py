from __future__ import annotations

import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.assistant.test_reply import settings_for
from tests.fakes.model_modes import Framing, Mode
from tests.fakes.model_server import ModelServer
from webapp.assistant import llm
from webapp.assistant.llm import ModelClient
from webapp.errors import ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = [("system", "Règles"), ("user", '<passage n="1">Le vitrage est garanti 10 ans.</passage>\n\nQuestion ?')]


@pytest.fixture(scope="module", autouse=True)
def _libraries_are_loaded() -> None:
    """The first call imports for a second, which the short limits here would take for a slow server."""
    with ModelServer() as server:
        client = ModelClient(settings_for(server.base_url))
        client.stream(MESSAGES, lambda _: None)
        client.complete(MESSAGES)
        client.close()


@pytest.fixture
def model(model_server: ModelServer) -> Iterator[ModelClient]:
    client = ModelClient(
        settings_for(model_server.base_url), connect=1.0, first_token=0.6, between_tokens=0.4, whole=1.2
    )
    yield client
    client.close()


def failure(model: ModelClient, *, streamed: bool = True) -> ModelUnavailableError:
    with pytest.raises(ModelUnavailableError) as failed:
        model.stream(MESSAGES, lambda _: None) if streamed else model.complete(MESSAGES)
    assert failed.value.reason in llm.REASONS
    assert "sk-never-shown" not in f"{failed.value!r} {failed.value.values} {failed.value.__cause__!r}"
    return failed.value


def test_a_good_answer_comes_with_growing_texts_and_its_usage(model: ModelClient, model_server: ModelServer) -> None:
    model_server.set(Mode.ANSWER, text="Le vitrage est garanti dix ans.")
    seen: list[str] = []
    completion = model.stream(MESSAGES, seen.append)
    assert completion.text == seen[-1] == "Le vitrage est garanti dix ans."
    assert all(later.startswith(earlier) for earlier, later in pairwise(seen))
    assert completion.usage.input_tokens > 0


def test_one_connection_serves_one_answer_after_the_other(model: ModelClient, model_server: ModelServer) -> None:
    for _ in range(3):
        model.stream(MESSAGES, lambda _: None)
        model.complete(MESSAGES)
    assert model_server.journal.connections == 1


@pytest.mark.parametrize("framing", [Framing.CLOSE, Framing.CHUNKED])
def test_an_answer_is_whole_whatever_comes_of_its_connection(
    model: ModelClient, model_server: ModelServer, framing: Framing
) -> None:
    model_server.set(Mode.SILENCE, tokens=1000, text="Dix ans.", framing=framing)  # all of it, and no end
    assert model.stream(MESSAGES, lambda _: None).text == "Dix ans."
    model_server.journal.wait_closed()


def test_a_whole_answer_comes_without_a_stream(model: ModelClient, model_server: ModelServer) -> None:
    model_server.set(Mode.ANSWER, text="Résumé.")
    assert model.complete(MESSAGES).text == "Résumé."
    assert not model_server.requests[-1].body.get("stream")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ((Mode.QUOTA, {}), "quota"),
        ((Mode.UNAUTHORIZED, {}), "unauthorised"),
        ((Mode.FORBIDDEN, {}), "unauthorised"),
        ((Mode.NOT_FOUND, {}), "not_found"),
        ((Mode.CONTEXT_LENGTH, {}), "too_long"),
        ((Mode.RATE_LIMITED, {}), "rate_limited"),
        ((Mode.SERVER_ERROR, {}), "server_error"),
        ((Mode.BAD_GATEWAY, {}), "server_error"),
        ((Mode.UNAVAILABLE, {}), "server_error"),
        ((Mode.HANG, {}), "timeout"),
        ((Mode.SILENCE, {}), "timeout"),
        ((Mode.DRIP, {"seconds": 0.2}), "timeout"),
        ((Mode.CUT, {"framing": Framing.CLOSE}), "cut"),
        ((Mode.CUT, {"framing": Framing.CHUNKED}), "connection"),
        ((Mode.RESET, {}), "connection"),
        ((Mode.RESET, {"tokens": 0}), "connection"),
        ((Mode.FINISH, {"finish_reason": "length"}), "length"),
        ((Mode.FINISH, {"finish_reason": "content_filter"}), "content_filter"),
        ((Mode.FINISH, {}), "cut"),
        ((Mode.EMPTY, {}), "empty"),
        ((Mode.NULL, {}), "empty"),
        ((Mode.NUL, {}), "invalid"),
        ((Mode.HUGE, {}), "invalid"),
    ],
    ids=str,
)
def test_every_fault_of_a_server_has_its_reason(
    model: ModelClient, model_server: ModelServer, fault: tuple[Mode, dict[str, Any]], reason: str
) -> None:
    model_server.set(fault[0], **fault[1])
    failed = failure(model)
    assert failed.reason == reason
    assert failed.permanent == (reason in {"quota", "unauthorised", "not_found", "too_long"})


@pytest.mark.parametrize("mode", [Mode.HTML, Mode.TRUNCATED_JSON, Mode.INVALID_UTF8, Mode.WRONG_SCHEMA])
def test_what_is_no_answer_is_never_taken_for_one(model: ModelClient, model_server: ModelServer, mode: Mode) -> None:
    model_server.set(mode)
    assert not failure(model, streamed=True).permanent
    assert not failure(model, streamed=False).permanent


@pytest.mark.parametrize("mode", [Mode.HANG, Mode.DRIP, Mode.SILENCE])
def test_a_call_given_up_frees_its_socket_and_leaves_no_thread(
    model: ModelClient, model_server: ModelServer, mode: Mode
) -> None:
    model_server.set(mode, seconds=0.2)
    before = {thread.name for thread in threading.enumerate() if not thread.daemon}
    failure(model)
    model_server.journal.wait_closed()
    assert {thread.name for thread in threading.enumerate() if not thread.daemon} == before


def test_a_consumer_that_fails_frees_the_socket(model: ModelClient, model_server: ModelServer) -> None:
    def fail(_: str) -> None:
        raise LookupError

    model_server.set(Mode.ANSWER, token_delay=0.05)
    with pytest.raises(LookupError):
        model.stream(MESSAGES, fail)
    model_server.journal.wait_closed()


def test_a_server_that_is_not_there_is_a_fault_of_the_connection() -> None:
    client = ModelClient(settings_for("http://127.0.0.1:9/v1"))
    assert failure(client).reason == "connection"
    client.close()


def test_a_limit_is_reported_and_not_slept_through(model: ModelClient, model_server: ModelServer) -> None:
    model_server.set(Mode.RATE_LIMITED, retry_after="90")
    assert failure(model).retry_after == 90
    assert len(model_server.requests) == 1


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("1", 1, 1),
        ("3600", 300, 300),
        ("-5", 0, 0),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 300, 300),
        ("Sat, 01 Jan 2000 00:00:00 GMT", 0, 0),
    ],
)
def test_retry_after_is_read_and_capped(header: str, low: float, high: float) -> None:
    seconds = llm.retry_after({"retry-after": header})
    assert seconds is not None
    assert low <= seconds <= high


@pytest.mark.parametrize("header", ["", "soon", "nan", "Mon, 99 Foo 2024"])
def test_a_retry_after_of_nonsense_is_none(header: str) -> None:
    assert llm.retry_after({"retry-after": header}) is None
