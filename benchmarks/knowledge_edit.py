"""From an edit of the knowledge to answers that use it, on a running stack."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from benchmarks import load
from benchmarks.customers import DOCUMENT
from benchmarks.figures import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.customers import Visitor
    from benchmarks.private_stack import PrivateStack

GOAL_S = 10
BEFORE, AFTER = "sept ans", "onze ans"
ASKED_AFTERWARDS = 5
REPLIES = """
SELECT content FROM message WHERE role = 'assistant' AND created_at > to_timestamp(%s) ORDER BY created_at
"""


def measure(stack: PrivateStack, admin: Visitor, person: dict[str, str]) -> Iterator[Figure]:
    """Replace the document; ask until the new words are answered, then count what still says the old ones."""
    began = time.time()
    old = admin.http.get("/api/knowledge/documents").json()["items"][0]["id"]
    file = {"file": ("garantie-neuve.md", DOCUMENT.replace(BEFORE, AFTER).encode())}
    admin.post("/api/knowledge/documents", files=file, data={"audience": "public"}).raise_for_status()
    csrf = next(one.value for one in admin.http.cookies.jar if one.name.endswith("csrf_access_token"))
    admin.http.delete(f"/api/knowledge/documents/{old}", headers={"X-CSRF-TOKEN": csrf or ""}).raise_for_status()
    deleted = time.time()
    plan = {"kind": "customers", "port": int(stack.environ["PORT"]), "people": [person]}
    while not any(AFTER in said for said in _said(stack, began)) and time.time() < began + 3 * GOAL_S:
        load.run(plan)
    passed = time.time() - began
    for _ in range(ASKED_AFTERWARDS):
        load.run(plan)
    stale = sum(BEFORE in said for said in _said(stack, deleted))
    what = "no restart; the time of the answer and of its polls included"
    yield Figure("edit of the knowledge to answers", passed, "s", GOAL_S, "<=", None, what, {"stale_replies": stale})
    yield Figure("deleted text in replies", stale, "replies", 0, "<=", None, "replies after the deletion", {})


def _said(stack: PrivateStack, since: float) -> list[str]:
    return [re.sub(r"\s+", " ", str(row[0])) for row in stack.ask(REPLIES, [since])]
