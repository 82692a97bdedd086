"""Customers who insist: the same key until their message is accepted, as a browser does."""

from __future__ import annotations

import random
import secrets
import threading
import time
from typing import Any, Self
from uuid import uuid4

import httpx

QUESTION = "Combien de temps dure la garantie des volets roulants Altair ?"
DOCUMENT = "# Garantie\n\nLa garantie des volets roulants Altair dure sept ans à compter de la livraison.\n"
RETRY_SECONDS = 0.3
SAME_CASE = 0.3  # of the messages go on in the conversation before
GIVE_UP_SECONDS = 300.0


class Visitor:
    """One browser's worth of cookies."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=15, trust_env=False)

    def post(self, path: str, *, key: str | None = None, **options: Any) -> httpx.Response:  # noqa: ANN401  httpx's own
        token = next((one.value for one in self.http.cookies.jar if one.name.endswith("csrf_access_token")), None)
        headers = {"X-CSRF-TOKEN": token or "", "Idempotency-Key": key or str(uuid4())}
        return self.http.post(path, headers=headers, **options)

    def teach(self, email: str, password: str) -> None:
        """Bring in the one document, as an administrator."""
        self.post("/api/auth/login", json={"email": email, "password": password}).raise_for_status()
        file = {"file": ("garantie.md", DOCUMENT.encode())}
        answer = self.post("/api/knowledge/documents", files=file, data={"audience": "public"})
        job = answer.raise_for_status().json()["job"]["id"]
        while (state := self.http.get(f"/api/jobs/{job}").json()["status"]) != "succeeded":
            if state == "failed":
                raise RuntimeError("the document was refused")
            time.sleep(0.2)


def registered(url: str) -> Visitor:
    """A new customer, signed in."""
    visitor = Visitor(url)
    body = {
        "email": f"c{secrets.token_hex(8)}@example.com",
        "password": secrets.token_urlsafe(18),
        "name": "Camille Martin",
    }
    visitor.post("/api/auth/register", json=body).raise_for_status()
    return visitor


class Crowd:
    """Context manager: customers on threads, `messages` in all over `seconds`; `accepted` is {key: message id}."""

    def __init__(self, url: str, *, customers: int, messages: int, seconds: float, seed: int) -> None:
        self.accepted: dict[str, str] = {}
        self.contradicted: list[str] = []
        self.refused: list[int] = []
        self._lock = threading.Lock()
        shares = [messages // customers + (number < messages % customers) for number in range(customers)]
        self._threads = [
            threading.Thread(
                target=self._live,
                args=(registered(url), share, seconds, random.Random(f"{seed}/{number}")),
                daemon=True,
            )
            for number, share in enumerate(shares)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    def _live(self, visitor: Visitor, messages: int, seconds: float, chance: random.Random) -> None:
        case = None
        for _ in range(messages):
            time.sleep(chance.uniform(0, 2 * seconds / messages))
            case = self._say(visitor, case if chance.random() < SAME_CASE else None)

    def _say(self, visitor: Visitor, case: str | None) -> str | None:
        """Send one message, and once more as if its answer had been lost; the conversation it stands in."""
        key = str(uuid4())
        body = {"message": f"{QUESTION} ({key[:8]})"} | ({"conversation_id": case} if case else {})
        accepted = self._insist(visitor, key, body)
        if accepted is None:
            return None
        again = self._insist(visitor, key, body)
        with self._lock:
            self.accepted[key] = accepted["message"]["id"]
            if again is not None and again["message"]["id"] != accepted["message"]["id"]:
                self.contradicted.append(key)
        return str(accepted["conversation_id"])

    def _insist(self, visitor: Visitor, key: str, body: dict[str, str]) -> dict[str, Any] | None:
        gives_up = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < gives_up:
            try:
                answer = visitor.post("/api/chat", key=key, json=body)
            except httpx.TransportError:
                time.sleep(RETRY_SECONDS)
                continue
            if answer.status_code in {httpx.codes.OK, httpx.codes.ACCEPTED}:
                accepted: dict[str, Any] = answer.json()
                return accepted
            if (
                answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR
                and answer.status_code != httpx.codes.TOO_MANY_REQUESTS
            ):
                with self._lock:
                    self.refused.append(answer.status_code)
                return None
            time.sleep(RETRY_SECONDS)
        return None
