"""What customers wait while a model takes its time, and how much of the rest works meanwhile."""

from __future__ import annotations

import contextlib
import random
import secrets
import signal
import statistics
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks import knowledge_edit, load, memory, page_weight, processes
from benchmarks.customers import Visitor
from benchmarks.figures import Figure, progress
from benchmarks.model_stub import ModelStub
from benchmarks.people import asking, polling, signed_in
from benchmarks.private_stack import ROOT, PrivateStack
from benchmarks.recovery import percentile
from launcher.children import signal_group, spawn, wait_until
from launcher.ports import free_port, taken

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.bench import Scale

MODEL_S, PIECES = 4.0, 20  # of the first measurement; the words come evenly
AT_ONCE = 50
LINE_MODEL_S = 2.0
LINE, SLOTS = 200, int(memory.ENVIRONMENT["REPLY_CONCURRENCY"])
RAMP_S = 2 * LINE_MODEL_S
ADMIN = ("bench-admin@example.com", secrets.token_urlsafe(24))
ENOUGH_SLOTS = "64"  # fifty at once are not to wait for each other


def measure(folder: Path, scale: Scale) -> Iterator[Figure]:
    with ModelStub(random.Random(1), answer_s=0.2, pieces=PIECES) as model:
        given = {
            **memory.ENVIRONMENT,
            "OPENAI_API_KEY": "sk-bench",
            "OPENAI_BASE_URL": model.base_url,
            "ACCESS_TOKEN_EXPIRE_MINUTES": "600",
            "ADMIN_EMAIL": ADMIN[0],
            "ADMIN_PASSWORD": ADMIN[1],
        }
        with PrivateStack(folder, given) as stack:
            yield memory.idle(stack)
            stack.kill("flower")  # it is there for that figure; what follows is measured without anybody who looks on
            visitor = Visitor(stack.url)
            visitor.teach(*ADMIN)
            people = _people(stack, LINE)
            _ask(stack, people[:AT_ONCE])  # so that models and indexes are loaded
            yield from page_weight.measure(stack, people[0])
            yield from knowledge_edit.measure(stack, visitor, people[0])
            yield from _in_line(folder, stack, model, people, scale)
            yield from _at_once(stack, model, people[:AT_ONCE], scale)


def _people(stack: PrivateStack, count: int) -> list[dict[str, str]]:
    headers = signed_in(stack.environ, count)
    return [{"ask": asking(each), "poll": polling(each), "Cookie": each["Cookie"]} for each in headers]


def _ask(stack: PrivateStack, people: Sequence[dict[str, str]], **more: float) -> dict[str, Any]:
    return load.run({"kind": "customers", "port": int(stack.environ["PORT"]), "people": people, **more})


def _in_line(
    folder: Path, stack: PrivateStack, model: ModelStub, people: Sequence[dict[str, str]], scale: Scale
) -> Iterator[Figure]:
    """Replies a second while everybody waits, asks again and polls; then the same crowd before the predecessor."""
    model.answer_s = LINE_MODEL_S
    progress(f"{len(people)} customers in line for {scale.waiting_s:.0f} s, the model takes {LINE_MODEL_S:g} s")
    found = _ask(stack, people, seconds=scale.waiting_s, spread=LINE_MODEL_S)
    ours = _pace(found["seen_at_s"])
    more: dict[str, object] = {"customers": len(people), "model_s": LINE_MODEL_S, "polls": found["polls"]}
    what = f"{SLOTS} slots that never rest"
    yield Figure("replies a second", ours, "replies/s", 0.90, ">=", SLOTS / LINE_MODEL_S, what, more)
    with predecessor(folder, model) as port:
        seconds = max(6 * LINE_MODEL_S, scale.waiting_s / 2)
        plan = {"kind": "customers", "port": port, "people": people, "seconds": seconds}
        seen = load.run(plan)["seen_at_s"]
    what = "one process, a synchronous call in an async route (asyncio's own server)"
    against = len(seen) / seconds
    yield Figure("replies a second beside the predecessor", ours, "replies/s", 15, ">=", against, what, more)
    _drain(stack)


def _pace(seen_at_s: list[float]) -> float:
    """Replies a second once all slots are busy: a slope, since replies come in waves."""
    counted = [(at, number) for number, at in enumerate(sorted(seen_at_s)) if at > RAMP_S]
    return statistics.linear_regression([at for at, _ in counted], [number for _, number in counted]).slope


@contextlib.contextmanager
def predecessor(folder: Path, model: ModelStub) -> Iterator[int]:
    port = free_port()
    argv = [sys.executable, "-m", "benchmarks.opponents.predecessor", str(port), model.base_url]
    process = spawn(argv, env={}, cwd=ROOT, log=folder / "predecessor.log", death_signal=signal.SIGKILL)
    try:
        assert wait_until(lambda: taken(port) is not None, 10)
        yield port
    finally:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _drain(stack: PrivateStack) -> None:
    """Wait until nobody is owed anything any more."""
    began = time.monotonic()
    while stack.ask("SELECT count(*) FROM job WHERE finished_at IS NULL") != [(0,)] and time.monotonic() < began + 60:
        time.sleep(0.3)


def _at_once(stack: PrivateStack, model: ModelStub, people: Sequence[dict[str, str]], scale: Scale) -> Iterator[Figure]:
    model.answer_s = 0.2
    stack.restart(("replies-1", "replies-2"), {"REPLY_CONCURRENCY": ENOUGH_SLOTS})
    assert wait_until(stack.ready, 60, step=0.2)
    _ask(stack, people)
    model.answer_s = MODEL_S
    visible: list[float] = []
    first: list[float] = []
    before = processes.cpu_s(stack)
    for number in range(scale.waves):
        progress(f"{len(people)} customers at once, wave {number + 1}, the model takes {MODEL_S:g} s")
        found = _ask(stack, people)
        visible += found["visible_s"]
        first += found["first_words_s"]
    took = {name: round((after - before[name]) / scale.waves, 2) for name, after in processes.cpu_s(stack).items()}
    more: dict[str, object] = {"customers": len(people), "replies": len(visible), "cpu_s_a_wave": took}
    for rank, goal in ((50, 1.15), (95, 1.4)):
        value = percentile(visible, rank / 100)
        name = f"send to visible reply, p{rank}"
        yield Figure(name, value, "s", goal, "<=", MODEL_S, "the time the model takes", more)
    value = percentile(first, 0.5)
    yield Figure("first words visible, p50", value, "s", 0.25, "<=", MODEL_S, "the time the model takes", more)
