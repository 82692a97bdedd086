"""A fake webhook: HTTP over a real socket, answering as it is told. Standard library only.

with WebhookReceiver() as hook: hook.answers = [503, 204]; ... STAFF_WEBHOOK_URL = hook.url
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

HOST = "127.0.0.1"
PATH = "/hook?token=a-secret-of-the-webhook"
SILENT, DRIPS = 0, -1  # in the place of a status: no answer, and one that never ends
DRIP_S = 0.05


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class WebhookReceiver:
    """`answers` are the statuses to come, the last one for ever; `calls` what came."""

    def __init__(self) -> None:
        self.answers = [204]
        self.stopping = threading.Event()
        self._calls: list[Received] = []
        self._guard = threading.Lock()
        self._http = _Server((HOST, 0), _Handler)
        self._http.hook = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """What STAFF_WEBHOOK_URL takes."""
        return f"http://{HOST}:{self._http.server_address[1]}{PATH}"

    @property
    def calls(self) -> list[Received]:
        with self._guard:
            return list(self._calls)

    def take(self, call: Received) -> int:
        """Keep a call; the status to answer it with."""
        with self._guard:
            self._calls.append(call)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    hook: WebhookReceiver

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is one of the things tests do; nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        hook = self.server.hook
        status = hook.take(Received(self.path, dict(self.headers), body))
        if status == SILENT:
            hook.stopping.wait()
        elif status == DRIPS:
            while not hook.stopping.wait(DRIP_S):
                self.wfile.write(b"H")
        else:
            self._answer(status)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status in range(300, 400):
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """The calls are the log."""
