"""Accepting and polling beside bare views: the same gunicorn, the same database, turn by turn."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg2

from benchmarks import load
from benchmarks.figures import Figure, progress
from benchmarks.people import asking, signed_in
from benchmarks.private_stack import BINARIES, ROOT, environment
from launcher.children import signal_group, spawn, wait_until
from launcher.embedded import PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.bench import Scale

CONNECTIONS = 16
CUSTOMERS = 200  # so that nobody's turn is waited for
ACCEPT_GOAL, POLL_GOAL = 0.85, 0.80
TICK = os.sysconf("SC_CLK_TCK")
Side = tuple[str, int, list[str]]  # name, port, requests


@contextlib.contextmanager
def served(environ: Mapping[str, str], log: Path, application: str = "wsgi:app") -> Iterator[int]:
    """Serve an application as `make run` serves ours, soon; the process id of its master."""
    argv = [str(BINARIES / "gunicorn"), "-c", "gunicorn.conf.py", application]
    process = spawn(argv, env=environ, cwd=ROOT, log=log, death_signal=signal.SIGKILL)
    try:
        yield process.pid
    finally:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _await(environ: Mapping[str, str], log: Path) -> None:
    if not wait_until(lambda: _answers(int(environ["PORT"])), 60, step=0.1):
        raise TimeoutError(f"an application did not come up; see {log}")


def _answers(port: int) -> bool:
    """Whatever it answers: a bare application has no such page."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def measure(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Accept and poll: each against the ORM, and, in the whole run, for whom that is too weak, against plain SQL."""
    postgres = PostgresServer(folder / "postgres")
    postgres.start()
    (folder / "metrics").mkdir()
    ours = environment(folder, postgres.url, "redis://127.0.0.1:1/0", {"MAX_PENDING_PER_CLIENT": "1000000"})
    as_ours = {"SECRET_KEY": ours["SECRET_KEY"], "COOKIES_OF": ours["PORT"]}  # it is sent the same cookies
    bare = environment(folder, postgres.url, "redis://127.0.0.1:1/0", as_ours)
    bare.pop("PROMETHEUS_MULTIPROC_DIR")
    try:
        with (
            served(ours, folder / "ours.log") as our_pid,
            served(bare, folder / "bare.log", "benchmarks.opponents.bare:app") as bare_pid,
        ):
            subprocess.run([BINARIES / "flask", "--app", "wsgi", "db", "upgrade"], cwd=ROOT, env=ours, check=True)
            _await(ours, folder / "ours.log")
            _await(bare, folder / "bare.log")
            pids = {"ours": our_pid, "orm": bare_pid, "sql": bare_pid}
            people = signed_in(ours, CUSTOMERS)
            ports = {"ours": int(ours["PORT"]), "bare": int(bare["PORT"])}
            yield from _accept(ports, people, pids, scale)
            yield from _poll(ports, people[0], postgres.url, pids, scale)
    finally:
        postgres.stop()


def _accept(
    ports: Mapping[str, int], people: list[dict[str, str]], pids: Mapping[str, int], scale: Scale
) -> Iterator[Figure]:
    sides = [
        ("ours", ports["ours"], [asking(each) for each in people]),
        ("orm", ports["bare"], [asking(each, "/orm/accept") for each in people]),
        ("sql", ports["bare"], [asking(each, "/sql/accept") for each in people]),
    ]
    found = _turn_by_turn(_wanted(sides, scale), "202", pids, scale)
    yield from _figures("accepting a message", found, ACCEPT_GOAL, "same cookie check, session row and three writes")


def _poll(
    ports: Mapping[str, int], person: dict[str, str], database: str, pids: Mapping[str, int], scale: Scale
) -> Iterator[Figure]:
    job = _any_job(database, person, ports["ours"])
    tag = _tag(ports["ours"], job, person)
    ours = load.request("GET", f"/api/jobs/{job}", {**person, "If-None-Match": tag})
    sides = [
        ("ours", ports["ours"], [ours]),
        ("orm", ports["bare"], [load.request("GET", f"/orm/jobs/{job}", person)]),
        ("sql", ports["bare"], [load.request("GET", f"/sql/jobs/{job}", person)]),
    ]
    found = _turn_by_turn(_wanted(sides, scale), "200", pids, scale, ours="304")
    yield from _figures("an unchanged poll", found, POLL_GOAL, "same cookie check, reads one row")


def _wanted(sides: list[Side], scale: Scale) -> list[Side]:
    return [side for side in sides if scale.plain_sql or side[0] != "sql"]


def _any_job(database: str, person: dict[str, str], port: int) -> str:
    load.run({"kind": "rate", "port": port, "seconds": 0.01, "connections": 1, "requests": [asking(person)]})
    with contextlib.closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM job ORDER BY number DESC LIMIT 1")
        found = cursor.fetchone()
    assert found is not None
    return str(found[0])


def _tag(port: int, job: str, person: dict[str, str]) -> str:
    answer = httpx.get(f"http://127.0.0.1:{port}/api/jobs/{job}", headers=person, timeout=5, trust_env=False)
    return str(answer.raise_for_status().headers["ETag"])


def _turn_by_turn(
    sides: list[Side], expected: str, pids: Mapping[str, int], scale: Scale, ours: str = ""
) -> dict[str, dict[str, float]]:
    """A B C A B C ..., the first round thrown away: whatever else the machine does weighs on all."""
    rates: dict[str, list[float]] = {name: [] for name, _, _ in sides}
    costs: dict[str, list[float]] = {name: [] for name, _, _ in sides}
    for number in range(scale.rounds + 1):
        for name, port, requests in sides:
            plan = {"kind": "rate", "port": port, "connections": CONNECTIONS, "requests": requests}
            before = _processor_s(pids[name])
            found = load.run(plan | {"seconds": scale.round_s if number else scale.round_s / 2})
            wanted = ours if ours and name == "ours" else expected
            assert set(found["statuses"]) == {wanted}, (name, found["statuses"])
            if number:
                rates[name].append(found["per_s"])
                costs[name].append((_processor_s(pids[name]) - before) * 1000 / sum(found["statuses"].values()))
        progress(f"round {number}: " + ", ".join(f"{name} {each[-1]:.0f}/s" for name, each in rates.items() if each))
    return {name: {"per_s": statistics.median(rates[name]), "cpu_ms": statistics.median(costs[name])} for name in rates}


def _processor_s(master: int) -> float:
    """Processor time of the workers of a gunicorn."""
    total = 0.0
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == master:
                    total += (int(fields[11]) + int(fields[12])) / TICK
    return total


def _figures(name: str, found: Mapping[str, Mapping[str, float]], goal: float, what: str) -> Iterator[Figure]:
    ours = found["ours"]
    for side, words in (("orm", "through the ORM"), ("sql", "in plain SQL")):
        if side not in found:
            continue
        bare = found[side]
        more = {"cpu_ms": round(ours["cpu_ms"], 3), "cpu_ms_against": round(bare["cpu_ms"], 3)}
        named = name if side == "orm" else f"{name}, beside plain SQL"
        opponent = f"bare view, {what}, {words}"
        yield Figure(named, ours["per_s"], "requests/s", goal, ">=", bare["per_s"], opponent, dict(more))
