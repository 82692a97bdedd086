from __future__ import annotations

import struct

import pytest

from webapp.media import HEAD_BYTES, MediaType, sniff


def ftyp(first: bytes, *compatible: bytes) -> bytes:
    content = b"ftyp" + first + bytes(4) + b"".join(compatible)
    return struct.pack(">I", len(content) + 4) + content + b"\0\0\0\x10meta"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0\0\x10JFIF", MediaType.JPEG),
        (b"\xff\xd8\xff\xdb", MediaType.JPEG),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", MediaType.PNG),
        (b"RIFF\x10\0\0\0WEBPVP8 ", MediaType.WEBP),
        (b"RIFF\x10\0\0\0WEBPVP8X", MediaType.WEBP),
        (b"GIF87a\1\0\1\0", MediaType.GIF),
        (b"GIF89a/*\1\0*/=1;alert(1)", MediaType.GIF),
        (ftyp(b"heic", b"mif1", b"heic"), MediaType.HEIC),
        (ftyp(b"heix", b"mif1"), MediaType.HEIC),
        (ftyp(b"mif1", b"heic", b"miaf"), MediaType.HEIC),
        (b"%PDF-1.7\n", MediaType.PDF),
        (b"\xef\xbb\xbf\r\n%PDF-1.4", MediaType.PDF),
        (bytes(1019) + b"%PDF-", MediaType.PDF),
    ],
)
def test_an_accepted_kind_is_told_by_its_content(head: bytes, kind: MediaType) -> None:
    assert sniff(head) is kind


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xd8",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b'<?xml version="1.0"?><svg/>',
        b"<!doctype html><title>photo.jpg</title>",
        b"<html><!-- %PDF-1.7 -->",
        bytes(1024) + b"%PDF-",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"BM6\0\0\0",
        b"8BPS\0\1",
        b"\0\0\1\0\1\0",
        b"\0\0\0\x0cjP  \r\n\x87\n",
        b"\xff\x0a",
        b"%!PS-Adobe-3.0 EPSF",
        b"SIMPLE  =                    T",
        b"PK\3\4",
        b"MZ\x90\0",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"RIFF\x10\0\0\0WEBPJUNK",
        ftyp(b"avif", b"mif1", b"miaf"),
        ftyp(b"mif1", b"heic", b"avif"),
        ftyp(b"mif1", b"heif"),
        ftyp(b"hevc", b"heic"),
        ftyp(b"isom", b"mp42"),
        b"\0\0\0\x08ftypheic",
        b"\x7f\xff\xff\xffftypheic",
    ],
)
def test_anything_else_is_no_kind(head: bytes) -> None:
    assert sniff(head) is None


def test_the_head_is_enough_for_a_long_list_of_brands() -> None:
    head = ftyp(b"mif1", *[b"miaf"] * 500, b"heic")
    assert sniff(head[:HEAD_BYTES]) is MediaType.HEIC
