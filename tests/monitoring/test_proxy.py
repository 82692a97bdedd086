"""A real nginx with our configuration before the application: compressed, cached, whole requests, nothing doubled."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from launcher.ports import LOOPBACK, free_port
from tests.monitoring.programs import MONITORING, needed, start, wait_up
from webapp.routes.headers import HEADERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.harness.stack import Stack

PROXY = MONITORING / "proxy"
NAME = "localhost"
HTTP2_IS_A_DIRECTIVE = (1, 25, 1)  # as in the image of docker-compose.yml; Debian's still has it in `listen`
OWN = ("away", "large", "many", "unreadable")  # the proxy's own pages


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = [needed("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    made += ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-days", "2"]
    subprocess.run([*made, "-out", str(paths[0]), "-keyout", str(paths[1])], check=True, capture_output=True)
    return paths


@pytest.fixture
def proxied(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Callable[[int], httpx.Client]]:
    """Puts the proxy before a port of this machine: a client that trusts it."""
    nginx = needed("nginx")
    with contextlib.ExitStack() as stack:

        def put(upstream: int) -> httpx.Client:
            port = free_port()
            configuration = tmp_path / "nginx.conf"
            configuration.write_text(_configuration(nginx, tmp_path, certificate, port, upstream))
            process = start(tmp_path, nginx, "-p", str(tmp_path), "-c", str(configuration), "-g", "daemon off;")
            stack.callback(process.kill)
            context = ssl.create_default_context(cafile=str(certificate[0]))
            client = httpx.Client(base_url=f"https://{NAME}:{port}", verify=context, trust_env=False, timeout=20)
            stack.enter_context(client)
            wait_up(process, lambda: _listens(port))
            return client

        yield put


def _configuration(nginx: str, folder: Path, certificate: tuple[Path, Path], port: int, upstream: int) -> str:
    """Ours, at other addresses; root is no other user here."""
    text = (PROXY / "nginx.conf").read_text("utf-8")
    for shipped, here in {
        " /tmp/": f" {folder}/",
        "/etc/nginx/mime.types": str(Path(nginx).resolve().parents[2] / "etc" / "nginx" / "mime.types"),
        "/run/secrets/tls_certificate": str(certificate[0]),
        "/run/secrets/tls_key": str(certificate[1]),
        "/etc/nginx/sav": str(PROXY),
        "listen 127.0.0.1:8080": f"listen {LOOPBACK}:{free_port()}",
        "listen 8443": f"listen {LOOPBACK}:{port}",
        "http://web:8001": f"http://{LOOPBACK}:{upstream}",
    }.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    if _version(nginx) < HTTP2_IS_A_DIRECTIVE:
        text = text.replace(" ssl;\n        http2 on;", " ssl http2;")
    return f"user root;\n{text}" if Path("/proc/self").owner() == "root" else text


def _version(nginx: str) -> tuple[int, ...]:
    said = subprocess.run([nginx, "-v"], check=True, capture_output=True, text=True).stderr
    return tuple(int(part) for part in said.split()[2].removeprefix("nginx/").split("."))


def _listens(port: int) -> bool:
    with socket.create_connection((LOOPBACK, port), timeout=1):
        return True


def test_pages_pass_compressed_and_static_files_stay_when_the_application_is_away(
    stack: Stack, proxied: Callable[[int], httpx.Client]
) -> None:
    stack.environ["PROXY_HOPS"] = "1"
    stack.start(workers={}, dispatcher=0)
    client = proxied(stack.settings.port)

    page = client.get("/login")
    assert page.status_code == 200
    assert page.headers["content-encoding"] == "gzip"
    for name, value in HEADERS.items():
        assert page.headers.get_list(name) == [value], name
    assert len(page.headers.get_list("Strict-Transport-Security")) == 1  # it knows that it is reached by TLS
    assert "nginx/" not in page.headers["Server"]

    sheet = page.text.partition('href="/static/app.css')[2].partition('"')[0]
    style = client.get(f"/static/app.css{sheet}")
    assert "immutable" in style.headers["cache-control"]
    assert style.headers["content-encoding"] == "gzip"
    assert client.get("/metrics").status_code == 404

    stack.kill("web")
    assert client.get(f"/static/app.css{sheet}").text == style.text
    away = client.get("/api/jobs/x")
    assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
    assert int(away.headers["Retry-After"]) > 0
    assert away.json()["status"] == 503
    apology = client.post("/chat")
    assert (apology.status_code, apology.headers["Cache-Control"]) == (503, "no-store")
    assert "revient dans un instant" in apology.text


class Echo(ThreadingHTTPServer):
    """Stands for the application: says what it was sent, and counts."""

    def __init__(self) -> None:
        self.seen: list[dict[str, str]] = []
        super().__init__((LOOPBACK, 0), EchoHandler)


class EchoHandler(BaseHTTPRequestHandler):
    server: Echo

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.seen.append(headers)
        body = self.rfile.read(int(headers.get("content-length", 0)))
        answer = json.dumps({"headers": headers, "length": len(body)}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST  # noqa: N815  the name http.server looks for

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[Echo]:
    with Echo() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_what_a_client_claims_to_be_is_dropped(echo: Echo, proxied: Callable[[int], httpx.Client]) -> None:
    client = proxied(echo.server_port)
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "elsewhere.example"}
    headers = client.get("/", headers={**forged, "Forwarded": "for=203.0.113.9"}).json()["headers"]
    assert headers["x-forwarded-for"] == LOOPBACK
    assert headers["x-forwarded-proto"] == "https"
    assert headers["x-forwarded-host"] == headers["host"] == f"{NAME}:{client.base_url.port}"
    assert "forwarded" not in headers


@contextlib.contextmanager
def dialled(
    client: httpx.Client, certificate: tuple[Path, Path], length: int, path: str = "/api/upload_images"
) -> Iterator[ssl.SSLSocket]:
    """A connection on which the head of an upload of so many bytes was sent."""
    context = ssl.create_default_context(cafile=str(certificate[0]))
    with (
        socket.create_connection((LOOPBACK, client.base_url.port or 0), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as sender,
    ):
        head = f"POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {length}\r\n\r\n"
        sender.sendall(head.encode())
        yield sender


def test_a_slow_sender_is_held_before_the_application(
    echo: Echo, proxied: Callable[[int], httpx.Client], certificate: tuple[Path, Path]
) -> None:
    client = proxied(echo.server_port)
    half = b"x" * 300_000
    with dialled(client, certificate, 2 * len(half)) as sender:
        sender.sendall(half)
        assert client.get("/").status_code == 200  # another one passes meanwhile
        assert len(echo.seen) == 1
        sender.sendall(half)
        assert sender.recv(65536).startswith(b"HTTP/1.1 200")
    assert len(echo.seen) == 2


def _answered(sender: ssl.SSLSocket | socket.socket) -> httpx.Response:
    """The answer on a connection that the proxy closes after it."""
    raw = b""
    while block := sender.recv(65536):
        raw += block
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return httpx.Response(int(first.split()[1]), headers=headers, content=body)


def test_more_than_any_upload_is_refused(
    echo: Echo, proxied: Callable[[int], httpx.Client], certificate: tuple[Path, Path]
) -> None:
    client = proxied(echo.server_port)
    with dialled(client, certificate, 60 * 1024 * 1024) as sender:
        refused = _answered(sender)
    assert (refused.status_code, refused.headers["Content-Type"]) == (413, "application/problem+json")
    assert refused.json()["status"] == 413
    assert "Retry-After" not in refused.headers
    _is_guarded(refused)
    with dialled(client, certificate, 60 * 1024 * 1024, "/chat") as sender:
        page = _answered(sender)
    assert (page.status_code, page.headers["Content-Type"]) == (413, "text/html; charset=utf-8")
    assert "trop volumineux" in page.text
    assert "too large" in page.text
    _is_guarded(page)
    assert client.get("/conversations", params={"q": "é" * 2000}).status_code == 413
    assert echo.seen == []


def _is_guarded(own: httpx.Response) -> None:
    assert "frame-ancestors 'none'" in own.headers["Content-Security-Policy"]
    for name in {*HEADERS, "Strict-Transport-Security"} - {"Content-Security-Policy"}:
        assert own.headers.get_list(name) == [HEADERS.get(name, "max-age=31536000")], name


def test_what_cannot_be_read_is_refused_in_words_and_plain_http_sent_to_tls(
    echo: Echo, proxied: Callable[[int], httpx.Client]
) -> None:
    client = proxied(echo.server_port)
    long = client.get("/api/jobs/1", headers={"X-Long": "x" * 9000})
    assert (long.status_code, long.json()["status"]) == (400, 400)
    _is_guarded(long)
    assert "n’a pas pu être lue" in client.get("/chat", headers={"X-Long": "x" * 9000}).text
    plain = httpx.get(f"http://{NAME}:{client.base_url.port}/chat?a=b", trust_env=False)
    assert (plain.status_code, plain.headers["Location"]) == (301, f"{str(client.base_url).rstrip('/')}/chat?a=b")
    assert echo.seen == []


def test_http2_is_offered(echo: Echo, proxied: Callable[[int], httpx.Client], certificate: tuple[Path, Path]) -> None:
    client = proxied(echo.server_port)
    context = ssl.create_default_context(cafile=str(certificate[0]))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((LOOPBACK, client.base_url.port or 0), timeout=20) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as caller,
    ):
        assert caller.selected_alpn_protocol() == "h2"


@pytest.mark.parametrize("name", OWN)
def test_the_proxys_own_pages_are_written(name: str) -> None:
    said = json.loads((PROXY / f"{name}.json").read_text("utf-8"))
    assert {"type", "title", "status", "detail"} == set(said)
    assert 'lang="en"' in (PROXY / f"{name}.html").read_text("utf-8")


def test_nothing_of_the_proxy_logs_people() -> None:
    text = (PROXY / "nginx.conf").read_text("utf-8")
    assert "access_log off;" in text
    assert "error_log /dev/stderr crit;" in text
