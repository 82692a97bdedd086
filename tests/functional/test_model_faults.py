"""Whatever a model server does, each question ends with exactly one reply and nothing half-made is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from launcher.ports import LOOPBACK, free_port
from tests.fakes.model_modes import Framing, Mode
from tests.harness.servers import query
from tests.tasks import desk
from tests.tasks.desk import FACT, QUESTION

if TYPE_CHECKING:
    import pytest

    from tests.fakes.model_server import ModelServer
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

# name: the mode, its parameters. Each fault lasts.
LASTING: dict[str, tuple[Mode, dict[str, Any]]] = {
    "silence at once": (Mode.HANG, {}),
    "silence after tokens": (Mode.SILENCE, {"text": FACT}),
    "one byte a second": (Mode.DRIP, {"seconds": 1.0}),
    "retry after 1": (Mode.RATE_LIMITED, {"retry_after": "1"}),
    "retry after 90": (Mode.RATE_LIMITED, {"retry_after": "90"}),
    "retry after 3600": (Mode.RATE_LIMITED, {"retry_after": "3600"}),
    "retry after a date": (Mode.RATE_LIMITED, {"retry_after_date": 2.0}),
    "retry after garbage": (Mode.RATE_LIMITED, {"retry_after": "bientôt".encode().decode("latin-1")}),
    "retry after nothing": (Mode.RATE_LIMITED, {}),
    "quota": (Mode.QUOTA, {}),
    "unauthorized": (Mode.UNAUTHORIZED, {}),
    "forbidden": (Mode.FORBIDDEN, {}),
    "not found": (Mode.NOT_FOUND, {}),
    "context length": (Mode.CONTEXT_LENGTH, {}),
    "server error": (Mode.SERVER_ERROR, {}),
    "bad gateway": (Mode.BAD_GATEWAY, {}),
    "unavailable": (Mode.UNAVAILABLE, {"retry_after": "1"}),
    "cut in chunks": (Mode.CUT, {"text": FACT}),
    "cut by the end": (Mode.CUT, {"text": FACT, "framing": Framing.CLOSE}),
    "reset": (Mode.RESET, {"text": FACT}),
    "reset at once": (Mode.RESET, {"tokens": 0}),
    "finish length": (Mode.FINISH, {"text": FACT, "finish_reason": "length"}),
    "finish content filter": (Mode.FINISH, {"text": FACT, "finish_reason": "content_filter"}),
    "finish missing": (Mode.FINISH, {"text": FACT}),
    "empty": (Mode.EMPTY, {}),
    "null": (Mode.NULL, {}),
    "html": (Mode.HTML, {}),
    "truncated json": (Mode.TRUNCATED_JSON, {}),
    "invalid utf-8": (Mode.INVALID_UTF8, {}),
    "nul": (Mode.NUL, {}),
    "huge": (Mode.HUGE, {}),
    "wrong schema": (Mode.WRONG_SCHEMA, {}),
}
# What tells the model to come back later than a customer would wait, or never, is obeyed: it is called once.
CALLED_ONCE = {
    "retry after 90",
    "retry after 3600",
    "quota",
    "unauthorized",
    "forbidden",
    "not found",
    "context length",
}


def _marked(name: str) -> str:
    return f"{QUESTION} ({name})"


def _ask_each(client: ApiClient, model: ModelServer, faults: dict[str, tuple[Mode, dict[str, Any]]]) -> dict[str, Json]:
    for name, (mode, parameters) in faults.items():
        model.set(mode, match=f"({name})", **parameters)
    return {name: client.chat(_marked(name)) for name in faults}


def test_a_fault_ends_in_one_quoted_answer(stack: Stack, model_server: ModelServer, subtests: pytest.Subtests) -> None:
    desk.teach(stack.settings)
    stack.environ["MAX_PENDING_PER_CLIENT"] = "100"
    stack.start(workers={"replies": 2})
    client = stack.client()
    asked = _ask_each(client, model_server, LASTING)
    model_server.set(Mode.SERVER_ERROR, match="(passing)", times=1)
    passing = client.chat(_marked("passing"))
    desk.wait_quiet(stack)

    url = stack.environ["DATABASE_URL"]
    for name, accepted in asked.items():
        with subtests.test(name):
            ((content, outcome, model),) = desk.replies(url, accepted["message"]["id"])
            assert (outcome, model) == ("answered", "extractive")
            assert FACT in str(content)
            calls = sum(f"({name})" in str(request.body) for request in model_server.requests)
            assert calls == (1 if name in CALLED_ONCE else 2)
            assert desk.attempt(url, accepted["job"]["id"], "crashes") == 0
    assert desk.replies(url, passing["message"]["id"])[0][2] == stack.settings.openai_model
    assert desk.broken(stack) == {}


WAITED_FOR = (
    "silence at once",
    "silence after tokens",
    "retry after 3600",
    "unauthorized",
    "server error",
    "nul",
    "html",
)


def test_a_model_waited_for_hands_over_by_the_deadline(
    stack: Stack, model_server: ModelServer, subtests: pytest.Subtests
) -> None:
    desk.teach(stack.settings)
    stack.environ |= {"MAX_PENDING_PER_CLIENT": "100", "MODEL_OUT": "wait", "REPLY_DEADLINE_SECONDS": "8"}
    stack.start(workers={"replies": 1})
    client = stack.client()
    asked = _ask_each(client, model_server, {name: LASTING[name] for name in WAITED_FOR})
    desk.wait_quiet(stack)
    url = stack.environ["DATABASE_URL"]
    for name, accepted in asked.items():
        with subtests.test(name):
            ((content, outcome, model),) = desk.replies(url, accepted["message"]["id"])
            assert (outcome, model) == ("handed_over", None)
            assert FACT not in str(content)
            assert desk.job(url, accepted["job"]["id"], "status", "error_code") == ("handed_over", "deadline")
            case = client.conversation(accepted["conversation_id"])
            assert (case["status"], case["assistant"]) == ("waiting_staff", "on")
    assert desk.broken(stack) == {}

    stack.stop("replies-1")
    stack.environ |= {"OPENAI_BASE_URL": f"http://{LOOPBACK}:{free_port()}/v1", "MODEL_OUT": "extractive"}
    stack.restart("replies-1")
    query(url, "UPDATE conversation SET no_answers = 0")
    with subtests.test("connection refused"):
        accepted = client.chat(QUESTION)
        query(url, "UPDATE job SET deadline_at = deadline_at + interval '60 s' WHERE id = %s", [accepted["job"]["id"]])
        assert FACT in client.wait_job(accepted["job"]["id"])["result"]["message"]["content"]
