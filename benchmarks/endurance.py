"""A long load, and whether anything grows: `python -m benchmarks.endurance [--seconds 600] [--every 15]`.

Customers ask, read and ask again on a private copy of the application while memory (PSS by part, PostgreSQL's buffers
aside), open descriptors and the keys of Redis are sampled. JSON lines on standard output; the last one says of each
what it was in the second and in the last quarter of the time, and whether it is flat. The first quarter loads what is
loaded at the first use.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import redis

from benchmarks import processes
from benchmarks.customers import Visitor
from benchmarks.load import ROOT
from benchmarks.memory import by_part, pss_without_buffers_mib
from benchmarks.model_stub import ModelStub
from benchmarks.people import asking, polling, signed_in
from benchmarks.private_stack import PrivateStack
from benchmarks.waiting import ADMIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CUSTOMERS = 40
MODEL_S = 1.0
GROWTH = 1.10  # of a quarter's median over that of an earlier quarter
SLACK = {"mib": 15.0, "descriptors": 20.0, "redis_keys": 10.0}  # less than that is no growth
REPLIES = "SELECT count(*) FROM message WHERE role = 'assistant'"
Sample = dict[str, float]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="A long load on a private copy of the application.")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--every", type=float, default=15)
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="sav-long-", ignore_cleanup_errors=True) as folder:
        verdict = _run(Path(folder), chosen.seconds, chosen.every)
    print(json.dumps(verdict), flush=True)
    return 0 if verdict["flat"] else 1


def _run(folder: Path, seconds: float, every: float) -> dict[str, object]:
    with ModelStub(random.Random(1), answer_s=MODEL_S) as model:
        given = {
            "OPENAI_API_KEY": "sk-endurance",
            "OPENAI_BASE_URL": model.base_url,
            "ACCESS_TOKEN_EXPIRE_MINUTES": "600",
            "ADMIN_EMAIL": ADMIN[0],
            "ADMIN_PASSWORD": ADMIN[1],
        }
        with PrivateStack(folder, given) as stack:
            Visitor(stack.url).teach(*ADMIN)
            samples = _sampled(stack, seconds, every)
            replies = stack.ask(REPLIES)[0][0]
    return verdict(samples) | {"replies": replies}


def _sampled(stack: PrivateStack, seconds: float, every: float) -> list[Sample]:
    samples: list[Sample] = []
    with _customers(stack, seconds):
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            time.sleep(min(every, max(0.0, ends - time.monotonic())))
            samples.append(sample(stack))
            print(json.dumps(samples[-1] | {"left_s": round(ends - time.monotonic())}), flush=True)
    return samples


@contextlib.contextmanager
def _customers(stack: PrivateStack, seconds: float) -> Iterator[None]:
    people = [{"ask": asking(each), "poll": polling(each)} for each in signed_in(stack.environ, CUSTOMERS)]
    plan = {"kind": "customers", "port": int(stack.environ["PORT"]), "people": people, "seconds": seconds, "spread": 5}
    argv = [sys.executable, "-m", "benchmarks.load"]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as load:
        assert load.stdin is not None
        load.stdin.write(json.dumps(plan))
        load.stdin.close()
        try:
            yield
        finally:
            load.terminate()


def sample(stack: PrivateStack) -> Sample:
    """{"mib: web": ..., "descriptors: web": ..., "redis_keys": ...}."""
    found = {f"mib: {name}": round(mib, 1) for name, mib in by_part(stack, pss_without_buffers_mib).items()}
    for name, pids in processes.by_part(stack).items():
        found[f"descriptors: {name}"] = sum(_descriptors(pid) for pid in pids)
    with contextlib.closing(redis.Redis.from_url(stack.environ["REDIS_URL"])) as server:
        return found | {"redis_keys": server.dbsize()}


def _descriptors(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def verdict(samples: Sequence[Sample]) -> dict[str, object]:
    """What grew from the second quarter of the time to the last."""
    quarter = max(1, len(samples) // 4)
    early, late = samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]
    grown = {}
    for name in samples[-1]:
        before, after = (statistics.median(each[name] for each in part) for part in (early, late))
        if after > before * GROWTH and after - before > SLACK[name.partition(":")[0]]:
            grown[name] = [before, after]
    totals = {
        kind: [sum(v for name, v in each.items() if name.startswith(kind)) for each in (early[0], late[-1])]
        for kind in SLACK
    }
    return {"flat": not grown, "grown": grown, "totals": totals, "samples": len(samples)}


if __name__ == "__main__":
    sys.exit(main())
