"""What the idle stack holds in memory: every process of `make run`, its shared pages shared out (PSS)."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import processes
from benchmarks.figures import Figure, progress
from benchmarks.private_stack import ROOT, PrivateStack
from launcher.children import signal_group, spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.bench import Scale

GOAL_MIB = 700
SETTLE_S = 6
ENVIRONMENT = {"REPLY_CONCURRENCY": "32", "FLOWER_BASIC_AUTH": "bench:bench-bench-bench"}
LAUNCHER = "import time, launcher.run; time.sleep(600)"


def measure(folder: Path, _scale: Scale) -> Iterator[Figure]:
    with PrivateStack(folder, ENVIRONMENT) as stack:
        yield idle(stack)


def idle(stack: PrivateStack) -> Figure:
    """Of a stack with this `ENVIRONMENT` that has come up and was asked for nothing."""
    with launcher(stack.folder) as alone:
        time.sleep(SETTLE_S)
        held = by_part(stack, pss_mib) | {"launcher": pss_mib(alone)}
    for name, mib in sorted(held.items(), key=lambda item: -item[1]):
        progress(f"{mib:7.1f} MiB {name}")
    parts = {name: round(mib) for name, mib in held.items()}
    what = "PSS of all processes of make run, demo and model aside"
    return Figure("memory of the idle stack", sum(held.values()), "MiB", GOAL_MIB, "<=", None, what, {"parts": parts})


@contextlib.contextmanager
def launcher(folder: Path) -> Iterator[int]:
    """What `make run` itself adds: its program with all it imports."""
    argv = [sys.executable, "-c", LAUNCHER]
    process = spawn(argv, env={}, cwd=ROOT, log=folder / "launcher.log", death_signal=signal.SIGKILL)
    try:
        yield process.pid
    finally:
        signal_group(process.pid, signal.SIGKILL)
        process.wait()


def by_part(stack: PrivateStack, held: Callable[[int], float]) -> dict[str, float]:
    """MiB by part, each with its children."""
    return {name: sum(map(held, pids)) for name, pids in processes.by_part(stack).items()}


def pss_mib(pid: int) -> float:
    return _told(pid, "Pss:")


def pss_without_buffers_mib(pid: int) -> float:
    """PSS but for shared memory: PostgreSQL's buffers are a room of one size, which fills with what is stored."""
    return _told(pid, "Pss:") - _told(pid, "Pss_Shmem:")


def _told(pid: int, name: str) -> float:
    """MiB of one line of what the kernel tells of a process, 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
