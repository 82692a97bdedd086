"""The limits a process lays on itself before it opens a stranger's file."""

from __future__ import annotations

import ctypes
import resource
import signal

_TELL_OF_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG


def confine(memory_bytes: int, seconds: int) -> None:
    """Allow this process so much memory and so many seconds of processor, for good.

    Past the memory an allocation fails, which a decoder reports as it can; past the seconds the kernel ends the
    process. Meant for a child of one file: nothing lifts these limits again.
    """
    for limit, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),  # a core would write the customer's picture to the disk
    ):
        resource.setrlimit(limit, (most, most))


def die_with_parent() -> None:
    """Let the kernel end this process with the worker that started it, however that one dies."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_TELL_OF_PARENTS_DEATH, int(signal.SIGKILL))
