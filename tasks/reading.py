"""The process in which cleaned pictures are read: `python -m tasks.reading SECONDS FILE...`; it prints their text.

The model that reads needs more memory than a worker should hold, so it lives no longer than one file.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from webapp.assistant.confinement import confine, die_with_parent

MEMORY_BYTES = 4 << 30  # of addresses, most of them never used
PROCESSOR_S = 150


def main() -> None:
    seconds, *paths = sys.argv[1:]
    die_with_parent()
    confine(MEMORY_BYTES, PROCESSOR_S)
    from webapp.assistant import reading

    json.dump({"text": reading.transcribe([Path(path) for path in paths], float(seconds))}, sys.stdout)


if __name__ == "__main__":
    main()
