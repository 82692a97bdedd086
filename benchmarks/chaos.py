"""The fault campaign: `python -m benchmarks.chaos --seconds 60 --seed 1 --messages 500`.

Customers send messages to a private copy of the application while its processes are killed, Redis is emptied and
killed, PostgreSQL is killed and restarted, and the model fails. Then the rows are counted: nothing may be lost or
doubled. The first half of the time strikes workers and the web alone, so that their recovery can be told apart.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2

from benchmarks.customers import Crowd, Visitor
from benchmarks.faults import CLEAN, Faults
from benchmarks.model_stub import ModelStub
from benchmarks.private_stack import PrivateStack
from benchmarks.recovery import Recovery, percentile

if TYPE_CHECKING:
    from collections.abc import Iterator

CUSTOMERS = 10
WARM_UP, WARM_UP_SECONDS = 30, 3.0  # messages, so that no process meets its first fault before its first question
MODEL_FAULT_RATE = 0.1
GAP_SECONDS = (0.8, 3.0)  # between two faults
DEADLINE_SECONDS = 240
ADMIN = ("chaos-admin@example.com", secrets.token_urlsafe(24))
OPEN = "SELECT count(*) FROM job WHERE kind = 'reply' AND finished_at IS NULL"
COUNTS = """
SELECT count(*) FILTER (WHERE replies = 1 AND NOT handed_over), count(*) FILTER (WHERE replies = 1 AND handed_over),
       count(*) FILTER (WHERE replies = 0), count(*) FILTER (WHERE replies > 1)
FROM (SELECT q.id, count(r.id) AS replies, coalesce(bool_or(r.outcome = 'handed_over'), false) AS handed_over
      FROM message q LEFT JOIN message r ON r.reply_to = q.id WHERE q.role = 'client' AND q.id <> ALL(%s::uuid[])
      GROUP BY q.id) each_question
"""
KNOWN = "SELECT count(*) FROM message WHERE id = ANY(%s::uuid[])"
REASONS = "SELECT error_code, count(*) FROM job WHERE status = 'handed_over' GROUP BY 1 ORDER BY 1"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="A fault campaign against a private copy of the application.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--messages", type=int, default=500)
    parser.add_argument("--keep", action="store_true", help="leave the folder with its logs")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    chance = random.Random(chosen.seed)
    with (
        short_folder(keep=chosen.keep) as folder,
        ModelStub(chance, MODEL_FAULT_RATE) as model,
        PrivateStack(folder, environment(model)) as stack,
    ):
        result = campaign(stack, chosen, chance)
    print(json.dumps(result), flush=True)
    return 0 if not result["lost"] and not result["doubled"] else 1


@contextlib.contextmanager
def short_folder(*, keep: bool) -> Iterator[Path]:
    """A folder with a path short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="sav-chaos-"))
    try:
        yield folder
    finally:
        if keep:
            print(json.dumps({"logs": str(folder)}), flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def environment(model: ModelStub) -> dict[str, str]:
    return {
        "OPENAI_API_KEY": "sk-chaos",
        "OPENAI_BASE_URL": model.base_url,
        "MAX_PENDING_PER_CLIENT": "1000",
        "REPLY_DEADLINE_SECONDS": str(DEADLINE_SECONDS),
        "ACCESS_TOKEN_EXPIRE_MINUTES": "600",
        "ADMIN_EMAIL": ADMIN[0],
        "ADMIN_PASSWORD": ADMIN[1],
    }


def campaign(stack: PrivateStack, chosen: argparse.Namespace, chance: random.Random) -> dict[str, float | None]:
    """Run it, wait until nothing is owed any more, and count."""
    Visitor(stack.url).teach(*ADMIN)
    with Crowd(stack.url, customers=CUSTOMERS, messages=WARM_UP, seconds=WARM_UP_SECONDS, seed=0) as warm_up:
        pass
    wait_until_nothing_is_owed(stack)
    crowd = Crowd(stack.url, customers=CUSTOMERS, messages=chosen.messages, seconds=chosen.seconds, seed=chosen.seed)
    with Recovery(stack.postgres.url) as recovery:
        faults = Faults(stack, recovery, chance)
        with crowd:
            strike_for(chosen.seconds, stack, faults, chance)
        wait_until_nothing_is_owed(stack)
    for fault, seconds in sorted(recovery.samples.items()):
        print(json.dumps(figures(fault, seconds)), flush=True)
    return counts(stack, crowd, warm_up) | {
        "kills": faults.kills,
        "recovery_p99_s": recovery_p99(recovery.samples.get(CLEAN, [])),
    }


def recovery_p99(seconds: list[float]) -> float | None:
    """None where nothing had to recover: no kill hit a job."""
    return round(percentile(seconds, 0.99), 2) if seconds else None


def strike_for(seconds: float, stack: PrivateStack, faults: Faults, chance: random.Random) -> None:
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        time.sleep(chance.uniform(*GAP_SECONDS))
        faults.strike(servers=passed > seconds / 2)
        stack.revive()


def wait_until_nothing_is_owed(stack: PrivateStack) -> None:
    """Until the deadline of the last message, and a little: what is open then is lost."""
    ends = time.monotonic() + DEADLINE_SECONDS + 30
    while time.monotonic() < ends and ask(stack, OPEN) != [(0,)]:
        stack.revive()
        time.sleep(0.5)


def counts(stack: PrivateStack, crowd: Crowd, warm_up: Crowd) -> dict[str, float]:
    """Of all messages since the warm-up; one that was accepted and is not there is lost."""
    answered, handed_over, unanswered, doubled = ask(stack, COUNTS, [list(warm_up.accepted.values())])[0]
    there = ask(stack, KNOWN, [list(crowd.accepted.values())])[0][0]
    for reason, count in ask(stack, REASONS):
        print(json.dumps({"handed_over_for": reason, "count": count}), flush=True)
    if crowd.refused:
        print(json.dumps({"refused_with": sorted(set(crowd.refused))}), flush=True)
    return {
        "accepted": len(crowd.accepted),
        "answered": answered,
        "handed_over": handed_over,
        "lost": unanswered + len(crowd.accepted) - there,
        "doubled": doubled + len(crowd.contradicted),
    }


def figures(fault: str, seconds: list[float]) -> dict[str, object]:
    ranks = {name: round(percentile(seconds, share), 2) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))}
    return {"fault": fault, "jobs": len(seconds), **ranks}


def ask(stack: PrivateStack, query: str, values: list[object] | None = None) -> list[tuple[int, ...]]:
    with contextlib.closing(psycopg2.connect(stack.postgres.url)) as connection:
        cursor = connection.cursor()
        cursor.execute(query, values)
        return cursor.fetchall()


if __name__ == "__main__":
    sys.exit(main())
