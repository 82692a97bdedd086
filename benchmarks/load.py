"""A load of HTTP requests from a process of its own, so that it shares no interpreter lock with what it measures.

`python -m benchmarks.load` takes a plan as JSON on standard input and gives what it found as JSON.
Standard library only.
`{KEY}` in a request becomes a key that was never sent before.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
KEY = b"{KEY}"
NOT_MODIFIED = 304
Answer = tuple[int, dict[str, str], bytes]


def run(plan: dict[str, Any]) -> dict[str, Any]:
    """Carry a plan out in a fresh process and return what it found."""
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(plan),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(made.stdout)
    return found


def request(method: str, path: str, headers: dict[str, str], body: str = "") -> str:
    """One request as it goes over the wire."""
    data = {"Host": "bench", **headers}
    if body:
        data |= {"Content-Type": "application/json", "Content-Length": str(len(body.encode()))}
    return (
        f"{method} {path} HTTP/1.1\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in data.items())
        + f"\r\n{body}"
    )


class Connection:
    """A connection that is kept; opened again when the server has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, raw: bytes) -> Answer:
        for last in (False, True):
            try:
                return await self._ask(raw)
            except (OSError, asyncio.IncompleteReadError):
                self.close()
                if last:
                    raise
        raise AssertionError("unreachable")

    async def _ask(self, raw: bytes) -> Answer:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(raw)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(head[0].split(" ", 2)[1]), headers, body

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


class Keys:
    def __init__(self) -> None:
        self._prefix = f"{os.getpid()}-{time.time_ns()}"
        self._numbers = itertools.count()

    def fill(self, raw: bytes) -> bytes:
        return raw.replace(KEY, f"{self._prefix}-{next(self._numbers)}".encode())


async def rate(plan: dict[str, Any]) -> dict[str, Any]:
    """`connections` send one request after the other for `seconds`; the share of each second that was answered."""
    keys = Keys()
    requests = itertools.cycle([each.encode() for each in plan["requests"]])
    statuses: dict[str, int] = {}
    spent: list[float] = []
    ends = time.perf_counter() + plan["seconds"]

    async def send() -> None:
        connection = Connection(plan["port"])
        while (began := time.perf_counter()) < ends:
            status, _, _ = await connection.ask(keys.fill(next(requests)))
            statuses[str(status)] = statuses.get(str(status), 0) + 1
            spent.append(time.perf_counter() - began)
        connection.close()

    began = time.perf_counter()
    await asyncio.gather(*(send() for _ in range(plan["connections"])))
    passed = time.perf_counter() - began
    spent.sort()
    return {"per_s": len(spent) / passed, "statuses": statuses, "p50_ms": spent[len(spent) // 2] * 1000}


async def customers(plan: dict[str, Any]) -> dict[str, Any]:
    """Each of `people` asks, polls as told and at most twice a second, and asks again until `seconds` have passed.

    With no `seconds` each asks once. What is returned are seconds from the click: to the first words that can be read,
    to the reply; and when, since the start, each reply was seen.
    """
    keys = Keys()
    found: dict[str, Any] = {"first_words_s": [], "visible_s": [], "seen_at_s": [], "polls": 0, "refused": []}
    began = time.perf_counter()
    ends = began + (plan.get("seconds") or 0)

    async def live(number: int, person: dict[str, str]) -> None:
        await asyncio.sleep(plan.get("spread", 0.0) * number / len(plan["people"]))
        connection = Connection(plan["port"])
        while True:
            await _one_question(connection, keys, person, found, began)
            if time.perf_counter() >= ends:
                break
        connection.close()

    tasks = [asyncio.create_task(live(number, person)) for number, person in enumerate(plan["people"])]
    if plan.get("seconds"):
        await asyncio.wait(tasks, timeout=plan["seconds"])
        for task in tasks:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=bool(plan.get("seconds")))
    return found


async def _one_question(
    connection: Connection, keys: Keys, person: dict[str, str], found: dict[str, Any], began: float
) -> None:
    clicked = time.perf_counter()
    status, _, body = await connection.ask(keys.fill(person["ask"].encode()))
    if status not in {200, 202}:
        found["refused"].append(status)
        await asyncio.sleep(0.5)
        return
    job = json.loads(body).get("job")
    if job is not None:
        await _follow(connection, person, job, found, clicked)
    found["visible_s"].append(time.perf_counter() - clicked)
    found["seen_at_s"].append(time.perf_counter() - began)


async def _follow(
    connection: Connection, person: dict[str, str], job: dict[str, Any], found: dict[str, Any], clicked: float
) -> None:
    words = False
    tag = ""
    while job["finished_at"] is None:
        await asyncio.sleep(max(0.5, job["poll_after_ms"] / 1000))
        raw = person["poll"].replace("{JOB}", job["id"]).replace("{TAG}", tag)
        status, headers, body = await connection.ask(raw.encode())
        found["polls"] += 1
        if status == NOT_MODIFIED:
            continue
        job, tag = json.loads(body), headers["etag"]
        if not words and (job["partial_text"] or job["finished_at"] is not None):
            words = True
            found["first_words_s"].append(time.perf_counter() - clicked)


KINDS = {"rate": rate, "customers": customers}

if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump(asyncio.run(KINDS[given["kind"]](given)), sys.stdout)
