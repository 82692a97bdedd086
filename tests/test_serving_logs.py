"""What gunicorn itself says, in production: lines like all others, without what was asked or by whom."""

from __future__ import annotations

import json
import secrets
import socket
from typing import TYPE_CHECKING

import httpx
import pytest

from launcher.ports import LOOPBACK, free_port
from tests.harness import commands
from tests.harness.processes import Process
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = "volet-en-panne"


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Process]:
    """Gunicorn as it is configured, with an application that breaks below everything of ours."""
    port = free_port()
    environ = commands.environment("postgresql://u:p@nowhere.invalid/d", "redis://nowhere.invalid", port, tmp_path)
    environ |= {
        "ENVIRONMENT": "production",
        "REDIS_URL": f"redis://:{secrets.token_urlsafe(32)}@nowhere.invalid",
        "DATABASE_URL": f"postgresql://u:{secrets.token_urlsafe(32)}@nowhere.invalid/d",
        "PUBLIC_URL": "https://sav.example",
    }
    argv = commands.program("gunicorn", "-c", "gunicorn.conf.py", "tests.fakes.broken_application:app")
    (tmp_path / "metrics").mkdir()
    process = Process("web", argv, environ, commands.ROOT, tmp_path)
    process.start()
    try:
        wait_until(lambda: _answers(port), "gunicorn", evidence=process.tail)
        with pytest.raises(httpx.HTTPStatusError, match="500"):
            httpx.get(f"http://{LOOPBACK}:{port}/conversations?q={WORDS}", trust_env=False).raise_for_status()
        with socket.create_connection((LOOPBACK, port)) as sender:
            sender.sendall(f"{WORDS}\r\n\r\n".encode())
            sender.recv(1000)
        yield process
    finally:
        process.kill()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/healthz", trust_env=False).is_success
    except httpx.TransportError:
        return False


def test_each_line_is_json_and_none_holds_what_was_asked(web: Process) -> None:
    web.wait_log("a request that cannot be read was refused")
    written = web.output()
    lines = [json.loads(line) for line in written.splitlines()]
    said = {line["message"]: line for line in lines}
    assert any(message.startswith("Starting gunicorn") for message in said)
    assert "RuntimeError: the machinery" in said["a request failed outside the application"]["exception"]
    assert "request" in said["a request failed outside the application"]
    assert "request" not in said["a request that cannot be read was refused"]
    assert WORDS not in written
    assert LOOPBACK not in json.dumps([line for line in lines if line["level"] != "INFO"])
