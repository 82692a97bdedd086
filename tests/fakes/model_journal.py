"""What the fake model received, and who is connected to it. Standard library only."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fakes.model_modes import Mode, Operation

PATIENCE = 60.0  # seconds; a net under a broken test, never a measure


@dataclass(slots=True)
class Received:
    """One request. Times are Unix seconds; `ended_at` None while it is being served; header names in lower case.

    `client_gone` is true when the client closed before it had the answer.
    """

    operation: Operation
    path: str
    headers: dict[str, str]
    body: dict[str, object]
    mode: Mode
    started_at: float
    ended_at: float | None = None
    client_gone: bool = False

    def as_json(self) -> dict[str, object]:
        return asdict(self)


class Journal:
    """Requests and connections, safe to read from any thread; `wait` blocks until they are as a test expects."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._received: list[Received] = []
        self._sockets: set[socket.socket] = set()
        self._in_flight = 0
        self._most_in_flight = 0
        self._connections = 0

    @property
    def connections(self) -> int:
        """How many were made so far, closed ones included."""
        with self._changed:
            return self._connections

    @property
    def open_sockets(self) -> int:
        """Connections neither side has closed, idle ones included."""
        with self._changed:
            return len(self._sockets)

    @property
    def in_flight(self) -> int:
        """Requests being served now."""
        with self._changed:
            return self._in_flight

    @property
    def most_in_flight(self) -> int:
        with self._changed:
            return self._most_in_flight

    def received(self) -> list[Received]:
        with self._changed:
            return list(self._received)

    def state(self) -> dict[str, int]:
        with self._changed:
            return {
                "open_sockets": len(self._sockets),
                "in_flight": self._in_flight,
                "most_in_flight": self._most_in_flight,
                "requests": len(self._received),
            }

    def wait(self, expected: Callable[[Journal], bool], what: str, seconds: float = PATIENCE) -> None:
        """Block until `expected(journal)`.

        Raises:
            TimeoutError: with `what` and the state it stayed in.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: expected(self), seconds):
                raise TimeoutError(f"the model server never saw {what}; it stayed at {self.state()}")

    def wait_requests(self, count: int, seconds: float = PATIENCE) -> None:
        self.wait(lambda journal: len(journal.received()) >= count, f"{count} requests", seconds)

    def wait_idle(self, seconds: float = PATIENCE) -> None:
        """Block until no request is being served: a client has its answer a moment before the entry is complete."""
        self.wait(lambda journal: journal.in_flight == 0, "every request ended", seconds)

    def wait_closed(self, seconds: float = PATIENCE) -> None:
        """Block until no connection is left open."""
        self.wait(lambda journal: journal.open_sockets == 0, "every connection closed", seconds)

    def clear(self) -> None:
        with self._changed:
            self._received.clear()
            self._most_in_flight = self._in_flight
            self._changed.notify_all()

    @contextlib.contextmanager
    def serving(
        self, operation: Operation, path: str, headers: dict[str, str], body: dict[str, object], mode: Mode
    ) -> Iterator[Received]:
        entry = Received(operation, path, headers, body, mode, started_at=time.time())
        with self._changed:
            self._received.append(entry)
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
            self._changed.notify_all()
        try:
            yield entry
        finally:
            with self._changed:
                entry.ended_at = time.time()
                self._in_flight -= 1
                self._changed.notify_all()

    def connected(self, connection: socket.socket) -> None:
        with self._changed:
            self._sockets.add(connection)
            self._connections += 1
            self._changed.notify_all()

    def disconnected(self, connection: socket.socket) -> None:
        with self._changed:
            self._sockets.discard(connection)
            self._changed.notify_all()

    def end_connections(self) -> None:
        """Shut every connection down and wait for its thread to notice."""
        with self._changed:
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.wait_closed()
