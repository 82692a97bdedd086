"""What every way out of here shares: what may come back, and an end to waiting for it."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

STEP_S = 10.0  # for the other side to take or give a next byte


class AwayError(Exception):
    """The other side cannot take it now; `why` is fit for a log."""


class Connection(Protocol):
    """A client of the standard library, with the socket it has, if any."""

    sock: socket.socket | None


@contextlib.contextmanager
def cut_after(seconds: float, connection: Connection) -> Iterator[None]:
    """Cut a connection that is still in use after so long: a server that drips bytes outlasts any timeout of a step."""
    timer = threading.Timer(seconds, _cut, (connection,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: Connection) -> None:
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            # The plain socket's own method: the one of TLS would take away what the other thread is reading from.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)
