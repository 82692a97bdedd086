"""A network client whose every wait is bounded by the deadline of the call in hand, whatever the server does.

A read timeout alone starts anew with each byte: a server that drips one byte every few seconds would hold a worker
for ever. Here each wait on the socket is given what is left of the call, so it ends in the calling thread, on time.
"""

from __future__ import annotations

import contextlib
import time
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

_LAST_EVENT = b"[DONE]"  # of a stream of the OpenAI protocol; what comes after it is the end of the body
_LAST_S = 0.1
_KEPT_S = 4.0  # a connection nobody uses: common servers close theirs after five, and networks lose them in silence

_current: ContextVar[Deadline | None] = ContextVar("model_call_deadline", default=None)


class Deadline:
    """The limits of one call, in seconds: until the first token, between two, and in all."""

    def __init__(self, *, first_token: float, between: float, whole: float) -> None:
        now = time.monotonic()
        self._between = between
        self._whole = now + whole
        self._limit = min(now + first_token, self._whole)

    def __enter__(self) -> Deadline:  # noqa: PYI034 - nobody subclasses it
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)

    def token_came(self) -> None:
        self._limit = min(time.monotonic() + self._between, self._whole)

    @contextlib.contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Give what is done inside no more than that."""
        before, self._limit = self._limit, min(time.monotonic() + seconds, self._limit)
        try:
            yield
        finally:
            self._limit = before

    @property
    def passed(self) -> bool:
        return time.monotonic() >= self._limit

    def remaining(self) -> float:
        """Seconds left.

        Raises:
            httpcore2.ReadTimeout: none is left.
        """
        left = self._limit - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the call took too long")
        return left


def _within(timeout: float | None) -> float | None:
    deadline = _current.get()
    if deadline is None:
        return timeout
    return deadline.remaining() if timeout is None else min(timeout, deadline.remaining())


class _Stream(httpcore2.NetworkStream):
    def __init__(self, inner: httpcore2.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _within(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _within(timeout)))

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the library's own signature
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(self._inner.connect_tcp(host, port, _within(timeout), local_address, socket_options))


class _Body(httpx2.SyncByteStream):
    """A stream of events read to its very end.

    Left before, as its reader does at the last event, its connection could serve no other call.
    """

    def __init__(self, inner: httpx2.SyncByteStream) -> None:
        self._inner = inner
        self._parts = iter(inner)
        self._tail = b""

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self._tail = (self._tail + part)[-2 * len(_LAST_EVENT) :]
            yield part

    def close(self) -> None:
        if self._tail.rstrip().endswith(_LAST_EVENT):
            self._read_end()
        self._inner.close()

    def _read_end(self) -> None:
        """Its end is not worth waiting for: where it does not come, the connection is closed as it would have been."""
        deadline = _current.get()
        with (
            contextlib.suppress(httpx2.TransportError),
            deadline.at_most(_LAST_S) if deadline else contextlib.nullcontext(),
        ):
            next(self._parts, None)


def _to_its_end(response: httpx2.Response) -> None:
    if response.headers.get("Transfer-Encoding") == "chunked" and isinstance(response.stream, httpx2.SyncByteStream):
        response.stream = _Body(response.stream)


def client(*, connect: float, read: float) -> httpx2.Client:
    """An HTTP client that obeys the `Deadline` entered in the calling thread; proxies of the environment are used."""
    made = httpx2.Client(
        timeout=httpx2.Timeout(read, connect=connect),
        limits=httpx2.Limits(keepalive_expiry=_KEPT_S),  # without a number: as many as there are slots
        follow_redirects=False,
        event_hooks={"response": [_to_its_end]},
    )
    for transport in [made._transport, *made._mounts.values()]:  # noqa: SLF001 - httpx2 offers no other way to its sockets
        if isinstance(transport, httpx2.HTTPTransport):
            transport._pool._network_backend = _Backend()  # noqa: SLF001 - idem
    return made
