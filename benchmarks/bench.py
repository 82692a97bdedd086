"""Every figure that is a ratio, both sides in one run: `python -m benchmarks.bench [--short] [--only NAME]`.

JSON lines on standard output, one measurement a line; what is under way on standard error.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.figures import Figure


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. The short form is less sure of each figure, and has none beside plain SQL."""

    rounds: int
    round_s: float
    plain_sql: bool
    waiting_s: float
    waves: int
    passages: int
    conversations: int
    searches: int
    pdf_s: float


FULL = Scale(
    rounds=7,
    round_s=4,
    plain_sql=True,
    waiting_s=40,
    waves=5,
    passages=100_000,
    conversations=1_000_000,
    searches=60,
    pdf_s=10,
)
SHORT = Scale(
    rounds=3,
    round_s=1,
    plain_sql=False,
    waiting_s=12,
    waves=1,
    passages=20_000,
    conversations=20_000,
    searches=10,
    pdf_s=2,
)

# The word of --only, and the module that measures it in a folder of its own.
MEASUREMENTS = {
    "memory": "memory",
    "web": "web_speed",
    "waiting": "waiting",
    "knowledge": "knowledge_speed",
    "lists": "list_speed",
    "tokens": "frugality",
}
# What another of them measures on its way when all are wanted: a stack that has just come up is idle once.
INCLUDED = {"memory"}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Our figures beside those of small opponents, in one run.")
    parser.add_argument("--short", action="store_true", help="less of everything: under two minutes")
    parser.add_argument("--only", choices=MEASUREMENTS, help="one measurement")
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    good = True
    for name in [chosen.only] if chosen.only else [each for each in MEASUREMENTS if each not in INCLUDED]:
        good &= _run(name, SHORT if chosen.short else FULL)
    return 0 if good else 1


def _run(name: str, scale: Scale) -> bool:
    """Print what one module finds; what it cannot find stops nothing else."""
    progress(name)
    folder = Path(tempfile.mkdtemp(prefix="sav-bench-"))  # a path short enough for sockets
    try:
        figures: Iterator[Figure] = importlib.import_module(f"benchmarks.{MEASUREMENTS[name]}").measure(folder, scale)
        for figure in figures:
            print(figure.line(), flush=True)
    except Exception:  # noqa: BLE001  whatever it is, the other figures are still wanted
        progress(f"{name} could not be measured:\n{traceback.format_exc()}")
        return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
