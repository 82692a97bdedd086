"""A small client of the HTTP contract: keeps cookies, answers CSRF, mints idempotency keys, polls as told.

It speaks to a running stack over a socket, or to an application in this process over WSGI, alike.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from tests.harness.waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.cookiejar import Cookie
    from typing import Self
    from wsgiref.types import WSGIApplication

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
CSRF_COOKIE = "csrf_access_token"
ENDED = ("succeeded", "failed", "handed_over")
FALLBACK_POLL_MS = 500
MINT = "mint"

Json = dict[str, Any]


class JobNotEndedError(Exception):
    """A job had no outcome by the deadline."""


class ApiClient:
    """One browser's worth of state. After `register` or `login`, `user`, `email` and `password` say who it is."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.user: Json = {}
        self.email = ""
        self.password = ""

    @classmethod
    def over_http(cls, base_url: str) -> Self:
        return cls(httpx.Client(base_url=base_url, timeout=30, trust_env=False))

    @classmethod
    def over_wsgi(cls, app: WSGIApplication) -> Self:
        return cls(httpx.Client(base_url="http://localhost", transport=httpx.WSGITransport(app=app)))

    def close(self) -> None:
        self.http.close()

    @property
    def csrf_token(self) -> str:
        found = (cookie.value for cookie in self.http.cookies.jar if cookie.name.endswith(CSRF_COOKIE))
        return next(found, None) or ""

    def cookie(self, name: str) -> Cookie:
        """The cookie of this name, before which the application puts its port."""
        return next(one for one in self.http.cookies.jar if re.fullmatch(rf"(\d+_)?{name}", one.name))

    def request(
        self,
        method: str,
        path: str,
        *,
        key: str | None = MINT,
        headers: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401  # handed to httpx as they are
    ) -> httpx.Response:
        """Send it with the CSRF token, and on POST an Idempotency-Key: a new one, `key`, or none for key=None."""
        sent = dict(headers or {})
        if method in UNSAFE and self.csrf_token:
            sent.setdefault("X-CSRF-TOKEN", self.csrf_token)
        if method == "POST" and key is not None:
            sent.setdefault("Idempotency-Key", str(uuid4()) if key == MINT else key)
        return self.http.request(method, path, headers=sent, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401  # idem
        return self.request("GET", path, **options)

    def post(self, path: str, json: object = None, **options: Any) -> httpx.Response:  # noqa: ANN401  # idem
        return self.request("POST", path, json=json, **options)

    def patch(self, path: str, json: object = None, **options: Any) -> httpx.Response:  # noqa: ANN401  # idem
        return self.request("PATCH", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401  # idem
        return self.request("DELETE", path, **options)

    def register(self, email: str = "", password: str = "", name: str = "Camille Martin") -> Json:
        """Sign up as a new customer, with made-up values where none are given; the user."""
        self.email = email or f"client-{secrets.token_hex(6)}@example.com"
        self.password = password or secrets.token_urlsafe(18)
        body = {"email": self.email, "password": self.password, "name": name}
        self.user = _checked(self.post("/api/auth/register", body), 201)["user"]
        return self.user

    def login(self, email: str, password: str) -> Json:
        """Sign in; the user."""
        self.email, self.password = email, password
        self.user = _checked(self.post("/api/auth/login", {"email": email, "password": password}), 200)["user"]
        return self.user

    def chat(self, message: str, conversation_id: str | None = None, *, key: str | None = MINT) -> Json:
        """Send a message; {conversation_id, message, job} of a 202, or of the 200 of a replay."""
        body = {"message": message} | ({} if conversation_id is None else {"conversation_id": conversation_id})
        return _checked(self.post("/api/chat", body, key=key), 202, 200)

    def ask(self, message: str, conversation_id: str | None = None, seconds: float = PATIENCE) -> Json:
        """Send a message and wait for its reply job to end; the job, whose result.message is the reply."""
        return self.wait_job(self.chat(message, conversation_id)["job"]["id"], seconds)

    def conversation(self, conversation_id: str, after: int = 0) -> Json:
        return _checked(self.get(f"/api/conversations/{conversation_id}", params={"after": after}), 200)

    def job(self, job_id: str) -> Json:
        return _checked(self.get(f"/api/jobs/{job_id}"), 200)

    def wait_job(self, job_id: str, seconds: float = PATIENCE) -> Json:
        """Poll a job as often as it asks to be, with its ETag, until it has ended.

        Raises:
            JobNotEndedError: it had not after `seconds`.
        """
        end = time.monotonic() + seconds
        job: Json = {}
        etag = ""
        while job.get("status") not in ENDED:
            if time.monotonic() >= end:
                raise JobNotEndedError(f"job {job_id} was still {job.get('status')} after {seconds:g} s: {job}")
            if job:
                time.sleep((job.get("poll_after_ms") or FALLBACK_POLL_MS) / 1000)
            answer = self.get(f"/api/jobs/{job_id}", headers={"If-None-Match": etag} if etag else None)
            if answer.status_code != httpx.codes.NOT_MODIFIED:
                job = _checked(answer, 200)
                etag = answer.headers.get("ETag", "")
        return job


def _checked(answer: httpx.Response, *expected: int) -> Json:
    where = f"{answer.request.method} {answer.request.url.path}"
    assert answer.status_code in expected, f"{where} answered {answer.status_code}: {answer.text[:2000]}"
    found: Json = answer.json()
    return found
