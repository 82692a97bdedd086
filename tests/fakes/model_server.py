"""A fake model server: the OpenAI protocol over HTTP, misbehaving on demand. Standard library only.

In a test:      with ModelServer() as model: model.set(Mode.HANG); ... base_url = model.base_url
On its own:     python -m tests.fakes.model_server --port 9000, then POST /control {"mode": "hang"}
README.md in this folder lists the modes and the control API.
"""

from __future__ import annotations

import argparse
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from tests.fakes import model_plans, model_texts
from tests.fakes.model_journal import Journal, Received
from tests.fakes.model_modes import Behaviour, Mode, Operation, Rule, Rulebook
from tests.fakes.model_wire import Wire

if TYPE_CHECKING:
    import socket

HOST = "127.0.0.1"
ROUTES = {
    ("POST", "/v1/chat/completions"): Operation.CHAT,
    ("POST", "/v1/embeddings"): Operation.EMBEDDINGS,
    ("GET", "/v1/models"): Operation.MODELS,
}
RULE_FIELDS = ("operation", "match", "times")


class ModelServer:
    """The server with its rules and its journal; a context manager, or start() and stop()."""

    def __init__(self, port: int = 0) -> None:
        self.journal = Journal()
        self.rules = Rulebook()
        self.stopping = threading.Event()
        self.hurried = threading.Event()
        self._http = _Server((HOST, port), _Handler)
        self._http.model = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL takes."""
        return f"http://{HOST}:{self.port}/v1"

    @property
    def requests(self) -> list[Received]:
        """What was received so far, oldest first, control requests left out."""
        return self.journal.received()

    def set(
        self,
        mode: Mode = Mode.ANSWER,
        *,
        operation: Operation = Operation.CHAT,
        match: str | None = None,
        times: int | None = None,
        **parameters: Any,  # noqa: ANN401  # the fields of Behaviour, checked there
    ) -> None:
        """Set a behaviour: for the last user messages with `match`, for the next `times` requests, or as default."""
        self.hurried.clear()
        self.rules.add(Rule(Behaviour.parse({"mode": mode, **parameters}), operation, match, times))

    def hurry(self) -> None:
        """Let what comes slowly come at once, until another behaviour is set: a test has seen what it waited for."""
        self.hurried.set()

    def reset(self) -> None:
        """Forget every rule and every request received; open connections stay open."""
        self.rules.clear()
        self.journal.clear()

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop, ending every connection, also those that hang on purpose."""
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self.journal.end_connections()
        self._http.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512
    model: ModelServer

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # the library's own types
        self.model.journal.connected(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401  # the library's own type
        super().shutdown_request(request)
        self.model.journal.disconnected(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  # the library's own types
        """A client that goes away is one of the things tests do; nothing to print."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    connection: socket.socket

    def do_GET(self) -> None:
        self._serve(b"")

    def do_DELETE(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def log_message(self, *_: object) -> None:
        """The journal is the log."""

    def _serve(self, raw: bytes) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        operation = ROUTES.get((self.command, path))
        if operation is not None:
            self._answer(operation, raw)
        elif path.startswith("/control"):
            status, answer = _control(self.server.model, self.command, path, raw)
            self._send_json(status, answer)
        else:
            self._send_json(404, {"error": {"message": f"no route {self.command} {path}", "code": "no_route"}})

    def _answer(self, operation: Operation, raw: bytes) -> None:
        model = self.server.model
        body = _decoded(raw)
        behaviour = model.rules.choose(operation, model_texts.question(body))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with model.journal.serving(operation, self.path, headers, body, behaviour.mode) as entry:
            plan = model_plans.plan(operation, behaviour, body)
            entry.client_gone = not Wire(self, model.stopping, model.hurried).send(plan)

    def _send_json(self, status: int, answer: object) -> None:
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def _decoded(raw: bytes) -> model_texts.Body:
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return {"undecodable": repr(raw)}
    return body if isinstance(body, dict) else {"undecodable": repr(raw)}


def _control(model: ModelServer, method: str, path: str, raw: bytes) -> tuple[int, object]:
    match method, path:
        case "POST", "/control":
            return _set(model, _decoded(raw))
        case "DELETE", "/control":
            model.reset()
            return 200, {}
        case "GET", "/control/requests":
            return 200, [entry.as_json() for entry in model.requests]
        case "GET", "/control/state":
            return 200, model.journal.state()
    return 404, {"error": f"no control {method} {path}"}


def _set(model: ModelServer, given: model_texts.Body) -> tuple[int, object]:
    rule: dict[str, Any] = {name: given.pop(name) for name in RULE_FIELDS if name in given}
    rule["operation"] = rule.get("operation", Operation.CHAT)
    try:
        model.rules.add(Rule(Behaviour.parse(given), **(rule | {"operation": Operation(rule["operation"])})))
    except (TypeError, ValueError) as error:
        return 400, {"error": str(error)}
    return 200, {}


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake model server; POST /control sets how it behaves.")
    parser.add_argument("--port", type=int, default=0)
    server = ModelServer(parser.parse_args().port)
    server.start()
    print(f"ready: {server.base_url}", flush=True)  # noqa: T201  # the parent reads the port here
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
