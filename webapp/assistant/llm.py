"""The one way to the language model: each call ends on time, and with a usable text or a reason."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from webapp.domain import Usage
from webapp.errors import ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from langchain_openai import ChatOpenAI

    from webapp.settings import Settings

logger = logging.getLogger(__name__)

# Every reason a call can fail for; they label a metric.
REASONS = (
    "timeout",
    "connection",
    "rate_limited",
    "server_error",
    "quota",
    "unauthorised",
    "not_found",
    "too_long",
    "bad_request",
    "content_filter",
    "length",
    "cut",
    "empty",
    "invalid",
)
_OF_STATUS = {401: "unauthorised", 403: "unauthorised", 404: "not_found", 408: "timeout", 429: "rate_limited"}
_PERMANENT = frozenset({"quota", "unauthorised", "not_found", "too_long", "bad_request"})
_LONGEST_WAIT = 300.0  # seconds a Retry-After may ask for
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_TEXT = 40_000  # characters; no limit of tokens set here gives more

Message = tuple[str, str]  # (role: system | user | assistant, content)
Shown = tuple[str, list[str | dict[str, Any]]]  # (role, parts of a content that is more than text)


@dataclass(frozen=True, slots=True)
class Completion:
    text: str
    finish_reason: str
    usage: Usage


class ModelClient:
    """A client for any OpenAI-compatible server, safe to share between threads. Limits are in seconds.

    `request_id` gives the id under which the call under way is logged.
    """

    def __init__(  # noqa: PLR0913  limits of one call
        self,
        settings: Settings,
        *,
        connect: float = 3.0,
        first_token: float = 15.0,
        between_tokens: float = 10.0,
        whole: float = 40.0,
        request_id: Callable[[], str | None] = lambda: None,
    ) -> None:
        from langchain_openai import ChatOpenAI  # noqa: PLC0415 - 80 MB that only reply workers need

        from webapp.assistant import deadline  # noqa: PLC0415 - idem

        self.model = settings.openai_model
        self._request_id = request_id
        self._http = deadline.client(connect=connect, read=max(first_token, between_tokens))
        self._limits = {"first_token": first_token, "between": between_tokens, "whole": whole}
        self._deadline = deadline.Deadline
        self._chat: ChatOpenAI = ChatOpenAI(
            model=settings.openai_model,
            api_key=settings.openai_api_key,  # type: ignore[arg-type]  # pydantic makes it a SecretStr
            base_url=settings.openai_base_url or None,
            max_tokens=settings.openai_max_tokens,  # type: ignore[call-arg]  # an alias mypy does not see
            temperature=settings.openai_temperature,
            stream_usage=True,
            max_retries=0,
            timeout=None,
            http_client=self._http,
            use_responses_api=False,
        )

    def stream(self, messages: Sequence[Message], on_text: Callable[[str], None]) -> Completion:
        """Generate; `on_text` is given the whole text so far, each time more of it has come.

        Raises:
            ModelUnavailableError: no usable text came, `reason` is one of REASONS.
        """
        with self._deadline(**self._limits) as limit:
            whole: Any = None
            text = ""
            for chunk in self._chunks(messages):
                whole = chunk if whole is None else whole + chunk
                if not isinstance(chunk.content, str):
                    raise _unavailable("invalid")
                if chunk.content:
                    limit.token_came()
                    text += chunk.content
                    _check_text(text)
                    on_text(text)
            return _completion(whole)

    def complete(self, messages: Sequence[Message | Shown], whole: float | None = None) -> Completion:
        """Generate without showing progress, within `whole` seconds or the whole time of a call.

        Raises:
            ModelUnavailableError: as `stream`.
        """
        whole = whole or self._limits["whole"]
        with self._deadline(first_token=whole, between=whole, whole=whole):
            try:
                message = self._chat.invoke(list(messages), extra_headers=self._headers())
            except Exception as error:  # noqa: BLE001 - whatever a server makes the library raise is one fault to us
                raise translated(error) from None
        return _completion(message)

    def close(self) -> None:
        self._http.close()

    def _headers(self) -> dict[str, str]:
        """Name the request a call belongs to, so that its provider's logs can be matched with ours."""
        request_id = self._request_id()
        return {} if request_id is None else {"X-Request-ID": request_id}

    def _chunks(self, messages: Sequence[Message]) -> Iterator[Any]:
        chunks = self._chat.stream(list(messages), extra_headers=self._headers())
        try:
            while True:
                try:
                    chunk = next(chunks, None)
                except Exception as error:  # noqa: BLE001 - as in complete
                    raise translated(error) from None
                if chunk is None:
                    return
                yield chunk
        finally:
            chunks.close()  # type: ignore[attr-defined]  # a generator, which frees its socket


def _completion(message: Any) -> Completion:  # noqa: ANN401 - a message of a library that loads lazily
    """The text of a finished message.

    Raises:
        ModelUnavailableError: cut, length, content_filter, empty, invalid.
    """
    if message is None:
        raise _unavailable("empty")
    metadata, text = message.response_metadata, message.content
    finish = metadata.get("finish_reason")
    if not isinstance(text, str):
        raise _unavailable("invalid")
    _check_text(text)
    if finish in {"length", "content_filter"}:
        raise _unavailable(finish)
    if finish is None:
        raise _unavailable("cut")
    if not text.strip():
        raise _unavailable("empty")
    if finish != "stop":
        raise _unavailable("invalid")
    counted = message.usage_metadata or {}
    usage = Usage(int(counted.get("input_tokens", 0)), int(counted.get("output_tokens", 0)))
    return Completion(text.strip(), finish, usage)


def _check_text(text: str) -> None:
    """PostgreSQL refuses NUL, UTF-8 refuses lone surrogates, and no reply is this long."""
    if len(text) > _LONGEST_TEXT or _UNSTORABLE.search(text):
        raise _unavailable("invalid")


def _unavailable(reason: str, retry_after: float | None = None) -> ModelUnavailableError:
    return ModelUnavailableError(reason, retry_after=retry_after, permanent=reason in _PERMANENT)


def translated(error: Exception) -> ModelUnavailableError:
    """The reason behind whatever was raised. The message of the error is dropped: it may quote a key or a customer."""
    reason = _reason(error)
    logger.warning("model call failed: %s (%s)", reason, type(error).__name__)
    response = getattr(error, "response", None)
    headers: Mapping[str, str] = getattr(response, "headers", None) or {}
    return _unavailable(reason, retry_after(headers) if reason in {"rate_limited", "server_error"} else None)


def _reason(error: Exception) -> str:
    import openai  # noqa: PLC0415 - loaded with the client
    from langchain_core.exceptions import ContextOverflowError  # noqa: PLC0415 - idem

    if isinstance(error, ContextOverflowError):
        return "too_long"
    code = str(getattr(error, "code", None) or "")
    if "insufficient_quota" in code or "insufficient_quota" in str(getattr(error, "type", None) or ""):
        return "quota"
    if isinstance(error, openai.APIStatusError):
        return _of_status(error.status_code, code)
    return _of_network(error)


def _of_network(error: Exception) -> str:
    import httpcore2  # noqa: PLC0415 - loaded with the client
    import httpx2  # noqa: PLC0415 - idem
    import openai  # noqa: PLC0415 - idem

    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException | httpcore2.TimeoutException):
        return "timeout"
    if isinstance(error, openai.APIConnectionError | httpx2.TransportError | httpcore2.NetworkError):
        return "connection"
    if isinstance(error, openai.APIError) and not isinstance(error, openai.APIResponseValidationError):
        return "server_error"  # an error event in the middle of a stream
    return "invalid"


def _of_status(status: int, code: str) -> str:
    if code in {"context_length_exceeded", "string_above_max_length"}:
        return "too_long"
    server_fault = status >= 500 or status == 409  # noqa: PLR2004 - HTTP's own numbers
    return _OF_STATUS.get(status, "server_error" if server_fault else "bad_request")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait from a Retry-After header: seconds or a date, at most 300; None without a sensible one."""
    value = (headers.get("retry-after") or "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    if seconds != seconds:  # noqa: PLR0124 - the one number unequal to itself is NaN
        return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
