"""HEIC, the form of most phones: decoded by a library of its own, and only what phones write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.assistant import picture_files as files
from webapp.assistant import heif, pictures
from webapp.errors import PictureRefusedError
from webapp.media import MediaType, sniff

if TYPE_CHECKING:
    from pathlib import Path

pillow_heif = pytest.importorskip("pillow_heif", reason="the library that makes these files is not installed")


@pytest.fixture(autouse=True)
def _writer() -> None:
    pillow_heif.register_heif_opener()


def heic(image: Image.Image, **how: object) -> bytes:
    return files.saved(image, "HEIF", quality=90, **how)


def cleaned(folder: Path, data: bytes) -> pictures.Cleaned:
    assert sniff(data[:4096]) is MediaType.HEIC
    (folder / "sent").write_bytes(data)
    return pictures.clean(folder / "sent", MediaType.HEIC, folder)


def shown(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"), dtype=np.int64)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_once_and_bared(tmp_path: Path, orientation: int) -> None:
    upright = cleaned(tmp_path, heic(files.scene(160, 120)))
    expected = shown(upright.full)
    turned = Image.fromarray(expected.astype(np.uint8))
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    stored = turned.transpose(method) if method is not None else turned
    data = heic(stored, exif=files.exif(orientation).tobytes(), xmp=files.xmp())
    made = cleaned(tmp_path, data)
    assert files.SECRET.encode() in data
    assert made.media_type is MediaType.JPEG
    assert np.abs(shown(made.full) - expected).mean() < 4
    assert set(files.jpeg_markers(made.full.read_bytes())) <= {0xD8, 0xE0, 0xDB, 0xC2, 0xC4, 0xDA, 0xD9}
    assert files.SECRET.encode() not in made.full.read_bytes() + made.thumb.read_bytes()


def test_tiles_and_transparency_are_read(tmp_path: Path) -> None:
    assert (
        np.abs(shown(cleaned(tmp_path, heic(files.scene(160, 120), tile_size=64)).full) - files.scene(160, 120)).mean()
        < 4
    )
    clear = files.scene(160, 120)
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    assert cleaned(tmp_path, heic(clear)).media_type is MediaType.PNG


def test_display_p3_is_converted_without_a_profile(tmp_path: Path) -> None:
    p3 = {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 6, "full_range_flag": 1}
    sent = Image.new("RGB", (128, 128), (120, 200, 80))
    plain, wide = (shown(cleaned(tmp_path, heic(sent, **how)).full)[64, 64] for how in ({}, p3))
    assert tuple(plain) == pytest.approx((120, 200, 80), abs=6)
    assert tuple(wide) == pytest.approx((89, 203, 55), abs=8)


@pytest.mark.parametrize("codec", [b"unci", b"av01", b"j2k1", b"iovl", b"iden"])
def test_what_no_phone_writes_never_reaches_the_decoder(tmp_path: Path, codec: bytes) -> None:
    data = heic(files.scene(160, 120))
    at = data.index(b"infe")
    item = data.index(b"hvc1", at)
    with pytest.raises(PictureRefusedError) as refused:
        cleaned(tmp_path, data[:item] + codec + data[item + 4 :])
    assert refused.value.code == "unsupported"


def test_a_film_and_a_torn_file_are_not_followed() -> None:
    data = heic(files.scene(160, 120))
    assert heif.is_made_by_a_phone(data)
    assert not heif.is_made_by_a_phone(data + b"\0\0\0\x08moov")
    assert not heif.is_made_by_a_phone(data[:60])
    assert not heif.is_made_by_a_phone(b"\0\0\0\x08free" * 20_000)


def test_half_a_photo_is_refused(tmp_path: Path) -> None:
    data = heic(files.texture(200, 150))
    with pytest.raises(PictureRefusedError) as refused:
        cleaned(tmp_path, data[: len(data) // 2])
    assert refused.value.code in {"broken", "unsupported"}
