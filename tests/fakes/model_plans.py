"""From a behaviour and a request to the bytes of the answer and the way they end. Pure. Standard library only."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from enum import StrEnum
from time import time

from tests.fakes import model_texts as texts
from tests.fakes.model_modes import Behaviour, Framing, Mode, Operation

JSON = "application/json"
SSE = "text/event-stream"
HTML = "<html><head><title>Bad gateway</title></head><body><h1>502</h1></body></html>"


class Ending(StrEnum):
    """What follows the last piece: a complete answer, a cut, a reset of the connection, or nothing at all."""

    COMPLETE = "complete"
    CUT = "cut"
    RESET = "reset"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer on the wire. `pieces` are written `pause` seconds apart, the first one after a pause too.

    `framing` None announces the length of the whole body, even when the ending keeps part of it back.
    """

    pieces: tuple[bytes, ...]
    pause: float = 0.0
    status: int = 200
    media_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    framing: Framing | None = None
    ending: Ending = Ending.COMPLETE
    length: int = 0


# status, code, type and sentence of each error a real server sends
ERRORS: dict[Mode, tuple[int, str, str, str]] = {
    Mode.RATE_LIMITED: (429, "rate_limit_exceeded", "requests", "Rate limit reached for requests"),
    Mode.QUOTA: (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota"),
    Mode.UNAUTHORIZED: (401, "invalid_api_key", "invalid_request_error", "Incorrect API key provided"),
    Mode.FORBIDDEN: (403, "unsupported_country", "request_forbidden", "Country not supported"),
    Mode.NOT_FOUND: (404, "model_not_found", "invalid_request_error", "The model does not exist"),
    Mode.CONTEXT_LENGTH: (
        400,
        "context_length_exceeded",
        "invalid_request_error",
        "This model's maximum context length is 8192 tokens",
    ),
    Mode.SERVER_ERROR: (500, "server_error", "server_error", "The server had an error"),
    Mode.BAD_GATEWAY: (502, "bad_gateway", "server_error", "Bad gateway"),
    Mode.UNAVAILABLE: (503, "overloaded", "server_error", "The engine is currently overloaded"),
}
ENDINGS = {
    Mode.HANG: Ending.SILENCE,
    Mode.SILENCE: Ending.SILENCE,
    Mode.CUT: Ending.CUT,
    Mode.RESET: Ending.RESET,
}


def plan(operation: Operation, behaviour: Behaviour, body: texts.Body) -> Plan:
    """The answer to one request."""
    if operation is Operation.MODELS:
        return _models()
    other = _whole_answer(behaviour)
    if other is not None:
        return other
    made = _chat if operation is Operation.CHAT else _embeddings
    return _faulted(behaviour, made(behaviour, body))


def _chat(behaviour: Behaviour, body: texts.Body) -> Plan:
    answer = texts.said(behaviour, body)
    if body.get("stream"):
        return _streamed(behaviour, body, answer)
    completion = json.dumps(_completion(behaviour, body, answer))
    pause = behaviour.duration or behaviour.token_delay * len(texts.tokens(answer))
    return _plain(_spoilt(behaviour, completion), pause)


def _embeddings(behaviour: Behaviour, body: texts.Body) -> Plan:
    given = body.get("input")
    inputs = [str(one) for one in given] if isinstance(given, list) else [str(given)]
    rows = [
        {"object": "embedding", "index": index, "embedding": texts.embedding(text, body, behaviour.dimensions)}
        for index, text in enumerate(inputs)
    ]
    count = max(1, sum(map(len, inputs)) // 4)
    usage = {"prompt_tokens": count, "total_tokens": count}
    answer = {"object": "list", "model": body.get("model"), "data": rows, "usage": usage}
    return _plain(_spoilt(behaviour, json.dumps(answer)), behaviour.duration)


def _models() -> Plan:
    row = {"id": "fake-model", "object": "model", "created": 0, "owned_by": "tests"}
    return _plain(json.dumps({"object": "list", "data": [row]}).encode(), 0)


def _whole_answer(behaviour: Behaviour) -> Plan | None:
    """Errors and answers that are no completion at all."""
    if behaviour.mode in ERRORS:
        status, code, kind, sentence = ERRORS[behaviour.mode]
        error = {"error": {"message": sentence, "type": kind, "param": None, "code": code}}
        headers = _retry_headers(behaviour)
        return replace(_plain(json.dumps(error).encode(), behaviour.duration), status=status, headers=headers)
    if behaviour.mode is Mode.HTML:
        return replace(_plain(HTML.encode(), 0), media_type="text/html")
    if behaviour.mode is Mode.WRONG_SCHEMA:
        return _plain(json.dumps({"object": "weather", "forecast": ["rain", 12]}).encode(), 0)
    return None


def _retry_headers(behaviour: Behaviour) -> dict[str, str]:
    if behaviour.retry_after_date is not None:
        return {"Retry-After": formatdate(time() + behaviour.retry_after_date, usegmt=True)}
    return {} if behaviour.retry_after is None else {"Retry-After": behaviour.retry_after}


def _plain(body: bytes, pause: float) -> Plan:
    return Plan((body,), pause=pause, length=len(body))


def _completion(behaviour: Behaviour, body: texts.Body, answer: str) -> dict[str, object]:
    message = {"role": "assistant", "content": None if behaviour.mode is Mode.NULL else answer}
    choice: dict[str, object] = {"index": 0, "message": message, "logprobs": None}
    choice["finish_reason"] = _finish_reason(behaviour)
    return _envelope("chat.completion", body) | {"choices": [choice], "usage": texts.usage(body, answer)}


def _finish_reason(behaviour: Behaviour) -> str | None:
    return behaviour.finish_reason if behaviour.mode is Mode.FINISH else "stop"


def _envelope(kind: str, body: texts.Body) -> dict[str, object]:
    return {"id": "chatcmpl-fake", "object": kind, "created": int(time()), "model": body.get("model") or "fake-model"}


def _streamed(behaviour: Behaviour, body: texts.Body, answer: str) -> Plan:
    envelope = _envelope("chat.completion.chunk", body)
    spoken = [] if behaviour.mode is Mode.NULL else texts.tokens(answer)
    deltas: list[dict[str, object]] = [{"role": "assistant", "content": None if behaviour.mode is Mode.NULL else ""}]
    deltas += [{"content": token} for token in spoken]
    pieces = [_event(behaviour, envelope, _choice(delta, None)) for delta in deltas]
    if _finish_reason(behaviour) is not None:
        pieces.append(_event(behaviour, envelope, _choice({}, _finish_reason(behaviour))))
    options = body.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        pieces.append(_event(behaviour, envelope | {"usage": texts.usage(body, answer)}, None))
    pieces.append(b"data: [DONE]\n\n")
    pause = behaviour.duration / len(pieces) if behaviour.duration else behaviour.token_delay
    return Plan(tuple(pieces), pause=pause, media_type=SSE, framing=behaviour.framing)


def _choice(delta: dict[str, object], finish_reason: str | None) -> dict[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _event(behaviour: Behaviour, envelope: dict[str, object], choice: dict[str, object] | None) -> bytes:
    event = envelope | {"choices": [] if choice is None else [choice]}
    return b"data: " + _spoilt(behaviour, json.dumps(event)) + b"\n\n"


def _spoilt(behaviour: Behaviour, text: str) -> bytes:
    """The JSON as bytes, broken where the mode says so."""
    if behaviour.mode is Mode.TRUNCATED_JSON:
        return text[: len(text) // 2].encode()
    if behaviour.mode is Mode.INVALID_UTF8:
        return text.encode().replace(b'"content": "', b'"content": "\xff\xfe\xc3')
    return text.encode()


def _faulted(behaviour: Behaviour, plan: Plan) -> Plan:
    """The plan with the fault of the connection its mode asks for."""
    mode = behaviour.mode
    if mode is Mode.DRIP:
        single = tuple(bytes((byte,)) for byte in b"".join(plan.pieces))
        return replace(plan, pieces=single, pause=behaviour.seconds)
    if mode not in ENDINGS:
        return plan
    if mode is Mode.HANG or (mode is Mode.RESET and behaviour.tokens == 0):
        return replace(plan, status=0, pieces=(), ending=ENDINGS[mode])
    return replace(plan, pieces=_part(behaviour, plan), ending=ENDINGS[mode])


def _part(behaviour: Behaviour, plan: Plan) -> tuple[bytes, ...]:
    """The role and `tokens` tokens of a stream; half of a body that comes in one piece."""
    if plan.framing is None:
        whole = plan.pieces[0]
        return (whole[: len(whole) // 2],)
    return plan.pieces[: behaviour.tokens + 1]
