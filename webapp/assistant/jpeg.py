"""How much work a JPEG asks of its decoder, read before the decoder sees it."""

from __future__ import annotations

import re

MOST_SCANS = 100  # a progressive one has about ten; each is a pass over all pixels, and may take a hundred bytes
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")  # inside a scan, 0xFF stands before 0x00 or a restart mark only
_SCAN = 0xDA
_END = 0xD9


def has_too_many_scans(data: bytes) -> bool:
    """Count up to the end mark alone: a phone may append a film, whose bytes mean nothing here."""
    at, scans = 2, 0
    while scans <= MOST_SCANS and (found := _MARKER.search(data, at)):
        kind, at = data[found.end() - 1], found.end()
        if kind == _END:
            break
        scans += kind == _SCAN
        at += int.from_bytes(data[at : at + 2], "big")
    return scans > MOST_SCANS
