"""A model server that answers, and now and then fails the ways servers do. Standard library only."""

from __future__ import annotations

import json
import re
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from launcher.ports import LOOPBACK

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

PASSAGE = re.compile(r'<passage n="1">(.*?)</passage>', re.DOTALL)
ANSWER_SECONDS = 0.6
PIECES = 6


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # the calls of many slots come at once

    def handle_error(self, *_: object) -> None:
        """A client that goes away ends its own connection and nothing else."""


class ModelStub:
    """Answers chat completions with the first passage of the prompt, in `pieces` pieces over `answer_s` seconds.

    `fault_rate` of the calls fail: an error status, a cut, a silence of some seconds, or words that are no answer.
    """

    def __init__(
        self, chance: random.Random, fault_rate: float = 0.0, answer_s: float = ANSWER_SECONDS, pieces: int = PIECES
    ) -> None:
        self.fault_rate = fault_rate
        self.answer_s = answer_s
        self.pieces = pieces
        self.faults = 0
        self._chance = chance
        self._lock = threading.Lock()
        self._server = Server((LOOPBACK, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://{LOOPBACK}:{self._server.server_port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fault(self) -> str | None:
        """How the next call fails; None: it does not."""
        with self._lock:
            if self._chance.random() >= self.fault_rate:
                return None
            self.faults += 1
            return self._chance.choice(("500", "429", "cut", "silence", "garbage"))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # connections are kept, as providers do

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                pace = (stub.answer_s, stub.pieces)
                answer(self, str(body["messages"][-1]["content"]), stub.fault(), *pace)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


def answer(request: BaseHTTPRequestHandler, prompt: str, fault: str | None, seconds: float, pieces: int) -> None:
    """Write one answer on the wire, with its fault. Its last piece comes after `seconds`, whatever its length."""
    if fault in {"500", "429"}:
        request.send_response(HTTPStatus(int(fault)))
        request.send_header("Content-Length", "0")
        request.end_headers()
        return
    request.send_response(HTTPStatus.OK)
    request.send_header("Content-Type", "text/event-stream")
    request.send_header("Transfer-Encoding", "chunked")
    request.end_headers()
    found = PASSAGE.search(prompt)
    words = f"{found[1].strip() if found else 'Bonjour.'} [1]"
    try:
        for number, piece in enumerate(paced(words, seconds, pieces)):
            if number == pieces // 2 and fault is not None:
                spoil(request, fault)
                return
            write(request, {"content": piece}, None)
        write(request, {}, "stop")
        send(request, b"data: [DONE]\n\n")
        send(request, b"")
    except OSError:
        request.close_connection = True  # whoever asked has gone


def paced(words: str, seconds: float, pieces: int) -> Iterator[str]:
    """Each piece when its time has come: what is late once does not make the next late too."""
    began = time.monotonic()
    for number in range(pieces):
        time.sleep(max(0.0, began + seconds * (number + 1) / pieces - time.monotonic()))
        yield words[len(words) * number // pieces : len(words) * (number + 1) // pieces]


def spoil(request: BaseHTTPRequestHandler, fault: str) -> None:
    """End an answer in the middle; its last chunk never comes."""
    request.close_connection = True
    if fault == "garbage":
        send(request, b'data: {"choices": [{"delta": \xff\x00\n\n')
    if fault == "silence":
        time.sleep(12)


def write(request: BaseHTTPRequestHandler, delta: dict[str, str], finish: str | None) -> None:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "stub", "object": "chat.completion.chunk", "created": 0, "model": "stub", "choices": [choice]}
    send(request, b"data: " + json.dumps(event).encode() + b"\n\n")


def send(request: BaseHTTPRequestHandler, data: bytes) -> None:
    """One chunk on the wire; an empty one ends the answer."""
    request.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
