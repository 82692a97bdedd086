"""What every refusal under /api looks like: RFC 9457, in words, without a trace of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

NEVER_SHOWN = ("Traceback", 'File "', "psycopg2", "sqlalchemy", "SELECT ", "INSERT ", "/webapp/", "site-packages")


def problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The body of a refusal with that status, checked."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) == (status in (429, 503))
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail"} <= set(body) <= {"type", "title", "status", "detail", "errors"}
    assert body["status"] == status
    assert not any(words in answer.text for words in NEVER_SHOWN)
    if code is not None:
        assert body["type"] == f"/problems/{code}"
    return body
