"""Puts a plan on the wire, and notices a client that goes away meanwhile. Standard library only."""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import TYPE_CHECKING

from tests.fakes.model_modes import Framing
from tests.fakes.model_plans import Ending, Plan

if TYPE_CHECKING:
    import threading
    from http.server import BaseHTTPRequestHandler

LOOK = 0.02  # seconds between two looks at the client while waiting
LINGER_NONE = struct.pack("ii", 1, 0)  # close() then sends RST in place of FIN


class Wire:
    """One answer to one request; `send` is False when the client left before the end."""

    def __init__(self, handler: BaseHTTPRequestHandler, stopping: threading.Event, hurried: threading.Event) -> None:
        self._handler = handler
        self._stopping = stopping
        self._hurried = hurried

    def send(self, plan: Plan) -> bool:
        handler = self._handler
        if plan.framing is Framing.CLOSE or plan.ending is not Ending.COMPLETE:
            handler.close_connection = True
        try:
            return self._send(plan) and not self._stopping.is_set()
        except OSError:
            handler.close_connection = True
            return False

    def _send(self, plan: Plan) -> bool:
        started = time.monotonic()
        if plan.status and plan.framing is not None:
            self._head(plan)
        for index, piece in enumerate(plan.pieces):
            if not self._wait(started + plan.pause * (index + 1), or_hurried=True):
                return False
            if index == 0 and plan.framing is None:
                self._head(plan)
            self._write(piece, chunked=plan.framing is Framing.CHUNKED)
        return self._end(plan)

    def _head(self, plan: Plan) -> None:
        handler = self._handler
        handler.send_response(plan.status)
        handler.send_header("Content-Type", plan.media_type)
        for name, value in plan.headers.items():
            handler.send_header(name, value)
        if plan.framing is None:
            handler.send_header("Content-Length", str(plan.length))
        elif plan.framing is Framing.CHUNKED:
            handler.send_header("Transfer-Encoding", "chunked")
        else:
            handler.send_header("Connection", "close")
        handler.end_headers()

    def _write(self, piece: bytes, *, chunked: bool) -> None:
        data = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
        self._handler.wfile.write(data)

    def _end(self, plan: Plan) -> bool:
        match plan.ending:
            case Ending.COMPLETE if plan.framing is Framing.CHUNKED:
                self._handler.wfile.write(b"0\r\n\r\n")
            case Ending.SILENCE:
                return self._wait(float("inf"))
            case Ending.RESET:
                self._reset()
        return True

    def _reset(self) -> None:
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
        self._handler.rfile.close()
        connection.close()

    def _wait(self, until: float, *, or_hurried: bool = False) -> bool:
        """Wait for the moment `until` of the monotonic clock; False as soon as the client has closed."""
        while not self._stopping.is_set():
            left = until - time.monotonic()
            if left <= 0 or (or_hurried and self._hurried.is_set()):
                return True
            if self._client_closed(min(left, LOOK)):
                return False
        return False

    def _client_closed(self, seconds: float) -> bool:
        connection = self._handler.connection
        look = select.poll()  # select() stops at file number 1024, which a load test passes
        look.register(connection, select.POLLIN)
        if not look.poll(seconds * 1000):
            return False
        if connection.recv(1, socket.MSG_PEEK):
            self._stopping.wait(seconds)  # a pipelined request: the client is there
            return False
        return True
