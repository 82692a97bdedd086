"""Starting a process that dies with us, and ending what is left of one."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from pwd import getpwnam
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWUSER = 0x10000000
NAMESPACE_ID = 1000
WRONG_PARENT, NO_NAMESPACE = 98, 97

Identity = Literal["direct", "namespace", "nobody"]

# Loaded before any fork: a dlopen between fork and exec could meet a lock held by another thread.
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(death_signal: signal.Signals, parent: int) -> None:
    """Ask the kernel for `death_signal` when the thread that started us ends; leave at once if it ended already."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent:
        os._exit(WRONG_PARENT)


def spawn(  # noqa: PLR0913 - all but the command are named, and each is one fact about the process
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    executable: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    identity: Identity = "direct",
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, its output appended to `log`.

    The kernel watches the calling thread, not the process: call it from a thread that lives as long as the child may.
    """
    # O_APPEND: the log can be cut short under the child (see logs.py).
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            executable=executable,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **between_fork_and_exec(identity, death_signal),
        )


def between_fork_and_exec(identity: Identity, death_signal: signal.Signals = signal.SIGKILL) -> dict[str, Any]:
    """Arguments of Popen that make the child `identity` and bind its life to ours."""
    arguments: dict[str, Any] = {"preexec_fn": _preparation(identity, death_signal)}
    if identity == "nobody":
        arguments |= {"user": "nobody", "group": getpwnam("nobody").pw_gid, "extra_groups": []}
    return arguments


def _preparation(identity: Identity, death_signal: signal.Signals) -> Callable[[], None]:
    """What the child does itself: it touches only libc and /proc, nothing that could hold a lock."""
    parent, uid, gid = os.getpid(), os.getuid(), os.getgid()

    def prepare() -> None:
        if identity == "namespace":
            _enter_namespace(uid, gid)
        # After every change of user: such a change clears the death signal.
        die_with_parent(death_signal, parent)

    return prepare


def _enter_namespace(uid: int, gid: int) -> None:
    """Become the ordinary user 1000 of a namespace of our own; files stay those of `uid`."""
    if _libc.unshare(CLONE_NEWUSER):
        os._exit(NO_NAMESPACE)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{NAMESPACE_ID} {uid} 1"),
        ("gid_map", f"{NAMESPACE_ID} {gid} 1"),
    ):
        descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(descriptor, line.encode())
        os.close(descriptor)


def namespaces_allowed() -> bool:
    """Whether this machine lets us make a user namespace; containers often forbid it."""
    try:
        outcome = subprocess.run(
            ["/bin/true"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **between_fork_and_exec("namespace"),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return outcome.returncode == 0


def adopt_orphans() -> None:
    """Become the parent of our children's orphans: where process 1 reaps nothing they would stay as zombies."""
    if hasattr(_libc, "prctl"):
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


def reap_adopted(ours: set[int]) -> None:
    """Take the dead we did not start out of the process table; those in `ours` are left to their Popen."""
    with suppress(ChildProcessError):
        while (dead := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and dead.si_pid not in ours:
            os.waitpid(dead.si_pid, os.WNOHANG)


def signal_group(leader: int, number: signal.Signals) -> bool:
    """Signal the process group of `leader`; False when nothing of it is left."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # only a process of another user took the number
        return False
    return True


def processes_in(folder: Path) -> list[int]:
    """Living processes whose working directory is `folder`: every process of a PostgreSQL stands in its data."""
    wanted = str(folder)
    found = []
    for entry in Path("/proc").iterdir() if Path("/proc/self").exists() else ():
        with suppress(OSError):
            if entry.name.isdecimal() and str((entry / "cwd").readlink()) == wanted:
                found.append(int(entry.name))
    return found


def started_at(pid: int) -> str | None:
    """The kernel's start time of a living process (clock ticks since boot): tells a process from a later namesake."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def wait_until(done: Callable[[], bool], seconds: float, step: float = 0.02) -> bool:
    """Poll `done` for at most `seconds`; whether it came true."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= end:
            return False
        time.sleep(step)
    return True
