"""The few lines a person sees. Everything else goes to the log folder."""

from __future__ import annotations

import sys
from contextlib import suppress


def say(line: str) -> None:
    """Print on standard output; a reader who went away must not end the application."""
    with suppress(OSError, ValueError):
        print(line, flush=True)


def complain(line: str) -> None:
    """Print on standard error."""
    with suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


def last_lines(text: str, count: int = 12) -> str:
    """The end of a log, indented, for the sentence that says why something did not come up."""
    lines = [line for line in text.splitlines() if line.strip()][-count:]
    return "\n".join(f"    {line[:300]}" for line in lines)
