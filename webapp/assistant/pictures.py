"""Cleaning what a customer sends: new pixels, written by us, are all that is kept of a file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from webapp.assistant import pixels, quality
from webapp.assistant.quality import Quality
from webapp.errors import PictureRefusedError
from webapp.media import MediaType

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Cleaned", "Picture", "Quality", "clean"]

FULL_SIDE = 2560
THUMB_SIDE = 480
_QUALITY = 85
_DRAWN = frozenset({MediaType.PNG, MediaType.GIF, MediaType.PDF})  # more often a screen or a drawing than a photo
_CLEAR = frozenset({"LA", "RGBA"})
_NOT_JUDGED = Quality()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture in two sizes, both of one type; width and height are those of the full one."""

    width: int
    height: int
    media_type: MediaType
    full: Path
    thumb: Path


@dataclass(frozen=True, slots=True)
class Cleaned(Picture):
    """What a file became. A PDF is shown by its first page; `left_out` counts its pages that are not among `pages`."""

    quality: Quality = _NOT_JUDGED
    pages: tuple[Picture, ...] = ()
    text: str = ""
    left_out: int = 0


def clean(source: Path, kind: MediaType, folder: Path) -> Cleaned:
    """Read a file of a kind known by its content, and write what may be shown of it to `folder`, which exists.

    Raises:
        PictureRefusedError: code broken, too_many_pixels, locked, empty or unsupported.
    """
    if kind is MediaType.PDF:
        return _clean_paper(source, folder)
    image = pixels.read(source, kind, FULL_SIDE)
    judged = _NOT_JUDGED if kind in _DRAWN else quality.of_photo(image)
    made = _write(image, kind, folder, "")
    return Cleaned(made.width, made.height, made.media_type, made.full, made.thumb, judged)


def _clean_paper(source: Path, folder: Path) -> Cleaned:
    from webapp.assistant.paper import Paper  # noqa: PLC0415 - MuPDF loads only where files of pages are read

    paper = Paper(source)
    pages = tuple(
        _write(page, MediaType.PDF, folder, f"page-{number}-") for number, page in enumerate(paper.pages(), 1)
    )
    if not pages:
        raise PictureRefusedError("broken")
    one = pages[0]
    left_out = paper.page_count - len(pages)
    return Cleaned(
        one.width, one.height, one.media_type, one.full, one.thumb, pages=pages, text=paper.text(), left_out=left_out
    )


def _write(image: Image.Image, kind: MediaType, folder: Path, prefix: str) -> Picture:
    data, media_type = _encoded(image, kind)
    small = image.copy()
    small.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS)
    full, thumb = (folder / f"{prefix}{name}.{media_type.name.lower()}" for name in ("full", "thumb"))
    full.write_bytes(data)
    thumb.write_bytes(_as(media_type, small))
    return Picture(image.width, image.height, media_type, full, thumb)


def _encoded(image: Image.Image, kind: MediaType) -> tuple[bytes, MediaType]:
    """A photo as JPEG, what is transparent as PNG, a drawing as whichever of the two is smaller."""
    if image.mode in _CLEAR:
        return _as(MediaType.PNG, image), MediaType.PNG
    jpeg = _as(MediaType.JPEG, image)
    if kind in _DRAWN and len(png := _as(MediaType.PNG, image)) <= len(jpeg):
        return png, MediaType.PNG
    return jpeg, MediaType.JPEG


def _as(media_type: MediaType, image: Image.Image) -> bytes:
    file = io.BytesIO()
    if media_type is MediaType.PNG:
        image.save(file, "PNG")
    else:
        image.save(file, "JPEG", quality=_QUALITY, progressive=True, optimize=True)
    return file.getvalue()
