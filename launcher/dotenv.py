"""The file `.env`: KEY=VALUE lines, quotes, comments. Nothing is expanded, nothing is run."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")
SINGLE_QUOTED = re.compile(r"'([^']*)'\s*(?:#.*)?")
DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?')
ESCAPES = {r"\n": "\n", r"\"": '"', r"\\": "\\", r"\$": "$"}


@dataclass
class DotEnv:
    values: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def read(path: Path) -> DotEnv:
    """Read the file; one that is not there is empty."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return DotEnv()
    except OSError as error:
        return DotEnv(faults=[f"{path.name} cannot be read ({error.strerror})."])
    except UnicodeDecodeError:
        return DotEnv(faults=[f"{path.name} is not UTF-8 text."])
    return parse(text, path.name)


def parse(text: str, name: str = ".env") -> DotEnv:
    """Parse every line; a line that is not KEY=VALUE becomes a fault that does not quote it."""
    found = DotEnv()
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        value = _value(match[2]) if match else None
        if match is None or value is None:
            found.faults.append(f"{name}, line {number}: is not KEY=VALUE.")
        else:
            found.values[match[1]] = value
    return found


def _value(raw: str) -> str | None:
    """The value as meant; None when a quote is not closed."""
    if raw.startswith("'"):
        match = SINGLE_QUOTED.fullmatch(raw)
        return match[1] if match else None
    if raw.startswith('"'):
        match = DOUBLE_QUOTED.fullmatch(raw)
        return re.sub(r"\\.", lambda escape: ESCAPES.get(escape[0], escape[0]), match[1]) if match else None
    return "" if raw.startswith("#") else re.split(r"\s#", raw, maxsplit=1)[0].rstrip()
