"""What the application says of itself."""

from __future__ import annotations

import http.client
import json
import time

from launcher.terminal import say

TIMEOUT = 3.0
POLL_SECONDS = 0.3
UNREADY_SECONDS = 60.0


def checks(host: str, port: int) -> dict[str, str] | None:
    """The checks of /readyz by name; None while nothing of that kind answers."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/readyz", headers={"Accept": "application/json"})
        found = json.loads(connection.getresponse().read())["checks"]
        return {str(name): str(state) for name, state in found.items()}
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        return None
    finally:
        connection.close()


def not_ok(found: dict[str, str] | None) -> list[str]:
    """What keeps the application from being ready, in words; empty when it is."""
    if not found:
        return ["the web server does not answer"]
    return [f"{name} ({state})" for name, state in found.items() if state != "ok"]


class Patience:
    """Asks the application whether it is ready, not too often, and says what it still waits for."""

    def __init__(self) -> None:
        self._next_ask = 0.0
        self._next_word = time.monotonic() + UNREADY_SECONDS

    def ready(self, host: str, port: int) -> bool:
        now = time.monotonic()
        if now < self._next_ask:
            return False
        missing = not_ok(checks(host, port))
        self._next_ask = time.monotonic() + POLL_SECONDS
        if missing and now >= self._next_word:
            self._next_word = now + UNREADY_SECONDS
            say(f"still waiting: {', '.join(missing)}; the logs may say why")
        return not missing
