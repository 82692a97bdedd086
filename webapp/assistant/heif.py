"""What a HEIC file says it holds, read before the decoder of HEIC sees it.

That decoder knows a dozen kinds of items, and most of its published holes lie in those no phone ever writes. A file is
let through when it is what phones make: pictures in HEVC, alone or as tiles of a grid, with their metadata.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ITEMS = frozenset({b"hvc1", b"grid", b"tmap", b"Exif", b"mime", b"uri "})
_MOST_BOXES = 10_000
_FULL_BOX = 4  # version and flags
_WITH_TYPE = (2, 3)  # versions of `infe`: the number of the item has two bytes or four
_LONG = 16  # header of a box whose size takes eight bytes


def is_made_by_a_phone(data: bytes) -> bool:
    """Whether every item of the file is of a kind phones write; a file that cannot be followed is not."""
    try:
        top = list(_boxes(data, 0, len(data)))
        if any(kind == b"moov" for kind, _, _ in top):  # a film
            return False
        kinds = [item for kind, start, end in top if kind == b"meta" for item in _items(data, start, end)]
    except (struct.error, ValueError, IndexError):
        return False
    return bool(kinds) and all(kind in _ITEMS for kind in kinds)


def _items(data: bytes, start: int, end: int) -> Iterator[bytes]:
    for kind, inner, inner_end in _boxes(data, start + _FULL_BOX, end):
        if kind == b"iinf":
            entries = inner + _FULL_BOX + (4 if data[inner] else 2)
            for _, entry, _ in _boxes(data, entries, inner_end):
                yield _item_type(data, entry)


def _item_type(data: bytes, at: int) -> bytes:
    version = data[at]
    if version not in _WITH_TYPE:
        raise ValueError
    start = at + _FULL_BOX + (2 if version == _WITH_TYPE[0] else 4) + 2
    return data[start : start + 4]


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(kind, start and end of the content) of each box; what follows the last whole one is left aside."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, start + 8)[0], _LONG
        elif size == 0:
            size = end - start
        if size < header or start + size > end:
            return
        yield kind, start + header, start + size
        start += size
    raise ValueError
