"""The log folder: one file a process, the run before it kept once, none without bound."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 10 * 1024 * 1024


def start_afresh(folder: Path) -> None:
    """Put each log of the last run aside as <name>.log.1."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for log in folder.glob("*.log"):
        log.replace(_earlier(log))


def keep_small(folder: Path) -> None:
    """Cut each log that grew too large, keeping what it said; the children append, so they go on at the new end."""
    for log in folder.glob("*.log"):
        with suppress(OSError):
            if log.stat().st_size > LARGEST:
                shutil.copyfile(log, _earlier(log))
                os.truncate(log, 0)


def _earlier(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")


def end_of(log: Path, characters: int = 8000) -> str:
    """The last part of a log; nothing when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - characters))
            return file.read().decode(errors="replace")
    except OSError:
        return ""
