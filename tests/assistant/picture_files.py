"""Files a customer might send, made here, and a reader of what is stored that knows nothing of the one under test."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, PngImagePlugin

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "DO NOT KEEP"  # stands in every piece of metadata
_BARE = frozenset(range(0xD0, 0xDA)) | {0x01}  # markers of JPEG that have no length


def jpeg_markers(data: bytes) -> Iterator[int]:
    """Each marker of a JPEG outside its entropy-coded bytes; ends with -1 when anything follows the end mark."""
    at = 0
    while at < len(data):
        assert data[at] == 0xFF, at
        kind = data[at + 1]
        yield kind
        at += 2
        if kind == 0xD9:
            if at != len(data):
                yield -1
            return
        if kind not in _BARE:
            at += struct.unpack_from(">H", data, at)[0]
        if kind == 0xDA:
            while not (data[at] == 0xFF and data[at + 1] not in {0, *range(0xD0, 0xD8)}):
                at += 1


def png_chunks(data: bytes) -> Iterator[bytes]:
    """Each chunk's name; ends with b"" when anything follows the last."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name
        at += size + 12
        if name == b"IEND":
            if at != len(data):
                yield b""
            return


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(size: tuple[int, int], colour_type: int, rows: bytes, *extra: bytes, depth: int = 16) -> bytes:
    """A PNG of any depth, which Pillow cannot write; `rows` begin with their filter byte."""
    head = struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, 0)
    pieces = [chunk(b"IHDR", head), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(pieces)


def saved(image: Image.Image, form: str, **how: object) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()


def scene(width: int = 640, height: int = 480) -> Image.Image:
    """No two corners alike, soft enough for JPEG."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    return Image.fromarray(np.stack([255 * x, 255 * y, 255 * (1 - x) * (1 - y)], axis=-1).astype(np.uint8))


def texture(width: int = 800, height: int = 600) -> Image.Image:
    """As sharp as a photo can be."""
    return Image.fromarray(np.random.default_rng(7).integers(60, 200, (height, width, 3), dtype=np.uint8))


def exif(orientation: int = 1) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = SECRET
    made.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    return made


def xmp() -> bytes:
    return f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>{SECRET}</a></x:xmpmeta>'.encode()


def text_chunks() -> PngImagePlugin.PngInfo:
    made = PngImagePlugin.PngInfo()
    made.add_text("Comment", SECRET)
    made.add_itxt("XML:com.adobe.xmp", xmp().decode())
    return made


def display_p3() -> bytes:
    """A minimal ICC profile: the primaries of Display P3 and a plain curve of 2.2."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IHxx", 1, round(2.2 * 256))
    tags = {
        b"desc": b"desc\0\0\0\0\0\0\0\x03P3\0" + bytes(81),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9642, 1, 0.8249),
        b"rXYZ": xyz(0.5151, 0.2412, -0.0011),
        b"gXYZ": xyz(0.2920, 0.6922, 0.0419),
        b"bXYZ": xyz(0.1571, 0.0666, 0.7841),
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve),
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = bytearray(128)
    struct.pack_into(">I4sI4s4s4s", head, 0, start + len(body), b"none", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    head[36:40] = b"acsp"
    struct.pack_into(">iii", head, 68, 63190, 65536, 54061)
    return bytes(head) + table + body
