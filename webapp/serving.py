"""How the web process reads requests: in a bounded time, so that slow senders cannot hold its few threads.

A proxy that buffers requests does this better and stands before us in production; `make run` has none.
"""

from __future__ import annotations

import errno
import logging
import time
from typing import TYPE_CHECKING, Any

from gunicorn import glogging
from gunicorn.workers import gthread

from webapp import logs

if TYPE_CHECKING:
    import socket

FIRST_S = 5.0  # for a request as long as a message
BYTES_PER_S = 16_384  # what is longer has time as if its sender were on a slow line


class PatientSocket:
    """A socket whose reads of one request end in the time that its length so far allows."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.begin()

    def begin(self) -> None:
        self._deadline = time.monotonic() + FIRST_S

    def recv(self, size: int) -> bytes:
        self._sock.settimeout(max(0.001, self._deadline - time.monotonic()))
        try:
            data = self._sock.recv(size)
        except TimeoutError:
            raise ConnectionResetError(errno.ECONNRESET, "the request came too slowly") from None
        finally:
            self._sock.settimeout(None)
        self._deadline += len(data) / BYTES_PER_S
        return data

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  everything else is the socket's own
        return getattr(self._sock, name)


class Connection(gthread.TConn):  # type: ignore[misc]  # gunicorn ships no types
    def init(self) -> None:
        super().init()
        reader = self.parser.unreader
        if isinstance(reader.sock, PatientSocket):
            reader.sock.begin()
        else:
            reader.sock = PatientSocket(reader.sock)


class Worker(gthread.ThreadWorker):  # type: ignore[misc]  # idem
    def accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                return
            raise
        self.nr_conns += 1
        client.setblocking(True)  # noqa: FBT003  the socket's own signature
        self.enqueue_req(Connection(self.cfg, client, address, listener.getsockname()))

    def handle(self, conn: Connection) -> Any:  # noqa: ANN401  idem
        logs.no_request()  # this thread may have answered somebody else before
        return super().handle(conn)


class Log(glogging.Logger):  # type: ignore[misc]  # idem
    """Gunicorn's lines go where all of ours go, in the same form."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401  idem
        super().setup(cfg)
        self.error_log.handlers[:] = []
        self.error_log.filters[:] = [WithoutSenders()]
        self.error_log.propagate = True


class WithoutSenders(logging.Filter):
    """Gunicorn logs the address and the bytes of a request it cannot read, and the query of one that failed."""

    def filter(self, record: logging.LogRecord) -> bool:
        if str(record.msg).startswith("Invalid request from"):
            record.msg, record.args = "a request that cannot be read was refused", ()
        elif str(record.msg).startswith("Error handling request"):
            record.msg, record.args = "a request failed outside the application", ()
        return True
