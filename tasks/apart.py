"""Work on a stranger's file in a process of its own: started fresh, with nothing of ours in it, free to die alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
MOST_ANSWER = 1 << 20
INHERITED = ("PATH", "LANG", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX")  # no secret, no address


class DiedError(Exception):
    """The process ended without an answer, by its limits or by the file."""

    def __init__(self, how: str) -> None:
        super().__init__(how)


def run(module: str, arguments: Sequence[str], folder: Path, *, wall_s: float) -> dict[str, Any]:
    """Run a module of ours on files in `folder`, and return the JSON object it prints.

    Raises:
        DiedError: it crashed, took more than `wall_s` seconds, or said nothing that can be read.
    """
    told = folder / "answer.json"  # a pipe would have to be emptied while we wait for the end
    with told.open("wb") as answer:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=_environment(folder),
        )
        try:
            status = process.wait(wall_s)
        except subprocess.TimeoutExpired:
            raise DiedError("time") from None
        finally:
            process.kill()
            process.wait()
    if status:
        raise DiedError(f"status {status}")
    return _read(told)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **kept, "TMPDIR": str(folder), "HOME": str(folder)}


def _read(told: Path) -> dict[str, Any]:
    with told.open("rb") as file:
        said = file.read(MOST_ANSWER)
    try:
        answer = json.loads(said)
    except ValueError:
        raise DiedError("no answer") from None
    if not isinstance(answer, dict):
        raise DiedError("no answer")
    return answer
