"""What kind of file a customer sent, told by its content alone: names and declared types are the sender's word."""

from __future__ import annotations

import struct
from enum import StrEnum


class MediaType(StrEnum):
    """What a customer may send; anything else is refused."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    HEIC = "image/heic"
    GIF = "image/gif"
    PDF = "application/pdf"


HEAD_BYTES = 4096  # as many as `sniff` ever needs

_SIGNATURES = {
    b"\xff\xd8\xff": MediaType.JPEG,
    b"\x89PNG\r\n\x1a\n": MediaType.PNG,
    b"GIF87a": MediaType.GIF,
    b"GIF89a": MediaType.GIF,
}
_WEBP_CHUNKS = frozenset({b"VP8 ", b"VP8L", b"VP8X"})
_HEVC_STILLS = frozenset({b"heic", b"heix"})
_AVIF = frozenset({b"avif", b"avis"})
_ANY_STILL = b"mif1"  # says nothing about the codec
_FTYP_HEADER = 16  # size, "ftyp", first brand, its version
_PDF_WITHIN = 1024  # readers of PDF allow that much before the mark


def sniff(head: bytes) -> MediaType | None:
    """Return the kind of a file from its first HEAD_BYTES bytes; None is a kind nobody may send."""
    for signature, kind in _SIGNATURES.items():
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and head[12:16] in _WEBP_CHUNKS:
        return MediaType.WEBP
    if head[4:8] == b"ftyp":
        return MediaType.HEIC if _is_hevc_still(head) else None
    return MediaType.PDF if _is_pdf(head[:_PDF_WITHIN]) else None


def _is_hevc_still(head: bytes) -> bool:
    """One picture in HEVC; AVIF, sequences and bare HEIF around other codecs look much the same."""
    size = struct.unpack(">I", head[:4])[0]
    if not _FTYP_HEADER <= size <= len(head):
        return False
    first = head[8:12]
    brands = {first, *(head[at : at + 4] for at in range(_FTYP_HEADER, size - 3, 4))}
    if brands & _AVIF:
        return False
    return first in _HEVC_STILLS or (first == _ANY_STILL and bool(brands & _HEVC_STILLS))


def _is_pdf(head: bytes) -> bool:
    before, mark, _ = head.partition(b"%PDF-")
    return bool(mark) and b"<" not in before  # a page of HTML that quotes the mark is no PDF
