"""The process in which one stranger's file is opened: `python -m tasks.cleaning FILE KIND FOLDER`.

It prints what it made of the file, or the code of its refusal. A file that ends it instead is refused all the same.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from webapp.assistant.confinement import confine, die_with_parent
from webapp.errors import PictureRefusedError
from webapp.media import MediaType

if TYPE_CHECKING:
    from webapp.assistant.pictures import Cleaned, Picture

MEMORY_BYTES = 1280 << 20
PROCESSOR_S = 30  # the largest photos take two; whoever made one that takes more holds up everybody's


def main() -> None:
    source, kind, folder = sys.argv[1:]
    die_with_parent()
    confine(MEMORY_BYTES, PROCESSOR_S)
    json.dump(_clean(Path(source), MediaType(kind), Path(folder)), sys.stdout)


def _clean(source: Path, kind: MediaType, folder: Path) -> dict[str, Any]:
    from webapp.assistant import pictures

    try:
        cleaned = pictures.clean(source, kind, folder)
    except PictureRefusedError as refusal:
        return {"refused": refusal.code}
    except MemoryError:
        return {"refused": "too_heavy"}
    pages = [_page(page) for page in cleaned.pages or (cleaned,)]
    return {"pages": pages, "left_out": cleaned.left_out, "text": cleaned.text, "faults": _faults(cleaned)}


def _page(page: Picture) -> dict[str, Any]:
    return {
        "width": page.width,
        "height": page.height,
        "media_type": page.media_type,
        "full": page.full.name,
        "thumb": page.thumb.name,
    }


def _faults(cleaned: Cleaned) -> list[str]:
    return [name for name, found in asdict(cleaned.quality).items() if found]


if __name__ == "__main__":
    main()
