"""The record of the running children, and the ending of those that outlived their launcher."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from launcher.children import processes_in, signal_group, started_at, wait_until
from launcher.embedded.server import write_private

KILL_SECONDS = 2.0


@dataclass(frozen=True)
class Child:
    """A process group: its leader, when that started, how to ask it to stop, where its sessions' processes stand."""

    name: str
    pid: int
    started: str | None
    stop_signal: int = signal.SIGTERM
    folder: str | None = None

    def alive(self) -> bool:
        """Whether anything of the group is left. A leader of another start time is another program's."""
        leader = started_at(self.pid)
        return leader == self.started if leader else _group_has_living(self.pid)

    def ask(self) -> None:
        """The leader alone: it knows how to end its own children without losing their work."""
        if self.alive():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, self.stop_signal)

    def force(self) -> None:
        if self.alive():
            signal_group(self.pid, signal.SIGKILL)
        for pid in processes_in(Path(self.folder)) if self.folder else ():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def end(children: list[Child], seconds: float) -> None:
    """Ask all, wait at most `seconds` for all, end the rest by force."""
    for child in children:
        child.ask()
    wait_until(lambda: not any(child.alive() for child in children), seconds, step=0.05)
    for child in children:
        child.force()
    wait_until(lambda: not any(child.alive() for child in children), KILL_SECONDS, step=0.05)


def record(path: Path, children: list[Child]) -> None:
    write_private(path, json.dumps({"machine": _machine(), "children": [asdict(child) for child in children]}))


def recorded(path: Path) -> list[Child]:
    """The children of the last run on this machine since it was switched on; none when it was another."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        content = json.loads(path.read_text())
        if content["machine"] == _machine():
            return [Child(**child) for child in content["children"]]
    return []


def _machine() -> str:
    """This boot and this space of process numbers: elsewhere the same number is somebody else."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return "unknown"


def _group_has_living(leader: int) -> bool:
    """Whether the group has a member that is not a zombie: an orphan's zombie waits for whoever inherits it."""
    for entry in Path("/proc").iterdir() if Path("/proc/self").exists() else ():
        with suppress(OSError, IndexError):
            if entry.name.isdecimal():
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if fields[0] not in "ZX" and int(fields[2]) == leader:
                    return True
    return False
