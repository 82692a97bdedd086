"""The record by which a command in another terminal reaches the running application."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from launcher.children import started_at
from launcher.embedded.server import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def _path(run_dir: Path) -> Path:
    return run_dir / "application.json"


def record(run_dir: Path, environment: Mapping[str, str]) -> None:
    """Say that this process runs the application with `environment`; it has secrets, hence mode 600."""
    content = {"pid": os.getpid(), "started": started_at(os.getpid()), "environment": dict(environment)}
    write_private(_path(run_dir), json.dumps(content))


def forget(run_dir: Path) -> None:
    _path(run_dir).unlink(missing_ok=True)


def running(run_dir: Path) -> dict[str, str] | None:
    """The environment of the application that runs now; None when none does."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        content = json.loads(_path(run_dir).read_text())
        if started_at(int(content["pid"])) == content["started"]:
            return {str(name): str(value) for name, value in content["environment"].items()}
    return None
