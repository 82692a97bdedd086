"""How the fake model behaves: one `Behaviour` per request, chosen from rules a test sets. Standard library only."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, fields
from enum import StrEnum


class Mode(StrEnum):
    """What happens to a request. README.md of this folder says which parameters each one reads."""

    ANSWER = "answer"
    RATE_LIMITED = "rate_limited"
    QUOTA = "quota"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONTEXT_LENGTH = "context_length"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    HANG = "hang"
    SILENCE = "silence"
    DRIP = "drip"
    CUT = "cut"
    RESET = "reset"
    FINISH = "finish"
    EMPTY = "empty"
    NULL = "null"
    HTML = "html"
    TRUNCATED_JSON = "truncated_json"
    INVALID_UTF8 = "invalid_utf8"
    NUL = "nul"
    HUGE = "huge"
    WRONG_SCHEMA = "wrong_schema"
    OBEY = "obey"
    INVENTED = "invented"
    SCRIPT = "script"
    MARKDOWN_IMAGE = "markdown_image"
    JAVASCRIPT_LINK = "javascript_link"


class Operation(StrEnum):
    CHAT = "chat"
    EMBEDDINGS = "embeddings"
    MODELS = "models"


class Framing(StrEnum):
    """How a streamed body ends on the wire: a last chunk, or nothing but the end of the connection."""

    CHUNKED = "chunked"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A mode and its parameters; those a mode does not read are ignored.

    Attributes:
        text: what is said; None quotes the first passage of the prompt.
        token_delay: seconds before each token.
        duration: seconds the whole answer takes, shared evenly by its tokens; wins over `token_delay`.
        tokens: how many tokens are sent before `silence`, `cut` or `reset` strike.
        seconds: seconds between two bytes of `drip`.
        framing: how a streamed body is delimited.
        finish_reason: of `finish`; None leaves it out.
        dimensions: of vectors; None gives as many as are asked for.
        retry_after: header of an error, sent as it is; None sends none.
        retry_after_date: seconds from now, sent as an HTTP date in place of `retry_after`.
    """

    mode: Mode = Mode.ANSWER
    text: str | None = None
    token_delay: float = 0.0
    duration: float = 0.0
    tokens: int = 3
    seconds: float = 1.0
    framing: Framing = Framing.CHUNKED
    finish_reason: str | None = None
    dimensions: int | None = None
    retry_after: str | None = None
    retry_after_date: float | None = None

    @classmethod
    def parse(cls, given: dict[str, object]) -> Behaviour:
        """Build one from the JSON of the control API.

        Raises:
            ValueError: an unknown mode, framing or parameter, which a test must not take for a setting that works.
        """
        unknown = set(given) - {one.name for one in fields(cls)}
        if unknown:
            raise ValueError(f"unknown parameters: {', '.join(sorted(unknown))}")
        values = dict(given)
        values["mode"] = Mode(str(given.get("mode", Mode.ANSWER)))
        values["framing"] = Framing(str(given.get("framing", Framing.CHUNKED)))
        if values.get("retry_after") is not None:
            values["retry_after"] = str(values["retry_after"])
        return cls(**values)  # type: ignore[arg-type]  # names are checked above, values are the test's own


@dataclass(slots=True)
class Rule:
    """A behaviour for the requests it fits: `times` of them (None = all), those whose last user message has `match`."""

    behaviour: Behaviour
    operation: Operation = Operation.CHAT
    match: str | None = None
    times: int | None = None

    def fits(self, operation: Operation, question: str) -> bool:
        return operation is self.operation and self.times != 0 and (self.match is None or self.match in question)


@dataclass(slots=True)
class Rulebook:
    """Which behaviour the next request gets: by substring first, then by count, in the order set; else the default."""

    _rules: list[Rule] = field(default_factory=list)
    _defaults: dict[Operation, Behaviour] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, rule: Rule) -> None:
        with self._lock:
            if rule.match is None and rule.times is None:
                self._defaults[rule.operation] = rule.behaviour
            else:
                self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self._defaults.clear()

    def choose(self, operation: Operation, question: str) -> Behaviour:
        with self._lock:
            fitting = [rule for rule in self._rules if rule.fits(operation, question)]
            if not fitting:
                return self._defaults.get(operation, Behaviour())
            rule = min(fitting, key=lambda one: one.match is None)
            if rule.times is not None:
                rule.times -= 1
            return rule.behaviour
