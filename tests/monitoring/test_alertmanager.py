"""A real Alertmanager, configured as ours, calls the webhook for an alert and again when it is over."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]  # its types are no package of ours

from launcher.ports import LOOPBACK, free_port
from tests.harness.waiting import wait_until
from tests.monitoring.programs import MONITORING, needed, read_yaml, start, wait_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION = MONITORING / "alertmanager" / "alertmanager.yml"
ALERT = {"alertname": "LawBroken", "severity": "critical", "law": "lost"}


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address and what was sent to it."""
    received: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Webhook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://{LOOPBACK}:{server.server_port}/hook", received
        server.shutdown()
        thread.join()


def _configuration(address: str, folder: Path) -> str:
    """Ours, with the address in it (Debian's version reads none from a file) and without its pauses."""
    ours = read_yaml(CONFIGURATION)
    [call] = ours["receivers"][0]["webhook_configs"]
    assert call.pop("url_file") == "/run/secrets/alert_webhook"
    call["url"] = address
    ours["route"] |= {"group_wait": "1s", "group_interval": "1s"}
    path = folder / "alertmanager.yml"
    path.write_text(yaml.safe_dump(ours))
    return str(path)


def test_an_alert_reaches_the_webhook_and_so_does_its_end(
    webhook: tuple[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    address, received = webhook
    port = free_port()
    alertmanager = start(
        tmp_path,
        needed("prometheus-alertmanager"),
        f"--config.file={_configuration(address, tmp_path)}",
        f"--storage.path={tmp_path / 'silences'}",
        f"--web.listen-address={LOOPBACK}:{port}",
        "--cluster.listen-address=",
    )
    api = f"http://{LOOPBACK}:{port}"

    def tell(**times: str) -> None:
        alert = {"labels": ALERT, "annotations": {"summary": "perdu"}, **times}
        httpx.post(f"{api}/api/v2/alerts", json=[alert], trust_env=False).raise_for_status()

    try:
        wait_up(alertmanager, lambda: httpx.get(f"{api}/-/ready", trust_env=False).is_success)
        tell()
        wait_until(lambda: bool(received), "the call", evidence=alertmanager.tail)
        tell(endsAt="2020-01-01T00:00:00Z")
        wait_until(lambda: received[-1]["status"] == "resolved", "the end", evidence=alertmanager.tail)
    finally:
        alertmanager.kill()
    assert received[0]["status"] == "firing"
    assert received[0]["alerts"][0]["annotations"]["summary"] == "perdu"
