"""Lists, polls, dashboard and searches at many conversations (benchmarks.search), the worst of each as one figure."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, progress
from benchmarks.private_stack import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.bench import Scale

GOAL_TIMES, GOAL_SHARE = 2.0, 1.0
KINDS = {"lists": "list ", "a poll": "poll ", "reading": "reading ", "the dashboard": "stats "}
Line = dict[str, float | str]


def measure(folder: Path, scale: Scale) -> Iterator[Figure]:
    lines = list(_lines(folder, scale))
    more: dict[str, object] = {"conversations": scale.conversations}
    for name, start in KINDS.items():
        worst = _worst([line for line in lines if str(line["name"]).startswith(start)])
        yield _figure(f"{name} at many conversations", worst, GOAL_TIMES, "the same at 1000 conversations", more)
    searches = [
        line for line in lines if str(line["name"]).startswith("search: ") and str(line["name"]).endswith("p95")
    ]
    yield _figure("search, p95", _worst(searches), GOAL_SHARE, "the 300 ms it may take", more)


def _lines(folder: Path, scale: Scale) -> Iterator[Line]:
    size = ["--conversations", str(scale.conversations), "--searches", str(scale.searches), "--keep", str(folder)]
    argv = [sys.executable, "-m", "benchmarks.search", *size]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as search:
        assert search.stdout is not None
        for line in search.stdout:
            progress(line.strip())
            yield json.loads(line)
    if search.returncode:
        raise RuntimeError("benchmarks.search failed")


def _worst(lines: Sequence[Line]) -> Line:
    return max(lines, key=lambda line: float(line["ratio"]))


def _figure(name: str, worst: Line, goal: float, opponent: str, more: dict[str, object]) -> Figure:
    told = more | {"worst": worst["name"]}
    return Figure(name, float(worst["value"]), "ms", goal, "<=", float(worst["against"]), opponent, told)
