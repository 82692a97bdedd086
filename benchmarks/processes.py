"""The processes of a private stack, by part, and the processor time they took."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.children import processes_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.private_stack import PrivateStack

TICKS = os.sysconf("SC_CLK_TCK")


def by_part(stack: PrivateStack) -> dict[str, set[int]]:
    children = _children()
    tops = {name: [stack.pid(name)] for name in stack.names}
    tops |= {"postgres": processes_in(stack.postgres.data), "valkey": [stack.valkey.pid or 0]}
    return {name: set(_with_children(pids, children)) for name, pids in tops.items()}


def _with_children(pids: list[int], children: Mapping[int, list[int]]) -> list[int]:
    return [pid for top in pids for pid in (top, *_with_children(children.get(top, []), children))]


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            found.setdefault(parent, []).append(int(entry.name))
    return found


def cpu_s(stack: PrivateStack) -> dict[str, float]:
    """Seconds of processor that each part took so far. What a process took is gone with it."""
    return {name: sum(map(_cpu_s, pids)) for name, pids in by_part(stack).items()}


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS  # of its own code, and of the kernel for it
