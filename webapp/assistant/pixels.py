"""From a file of pixels to plain pixels: eight bits, sRGB, upright, no larger than asked, and nothing else."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import ExifTags, Image, ImageCms

from webapp.assistant import heif, jpeg
from webapp.errors import PictureRefusedError
from webapp.media import MediaType

if TYPE_CHECKING:
    from pathlib import Path

_DECODERS = {
    MediaType.JPEG: "JPEG",
    MediaType.PNG: "PNG",
    MediaType.WEBP: "WEBP",
    MediaType.HEIC: "HEIF",
    MediaType.GIF: "GIF",
}
_MEGA = 1_000_000
MOST_PIXELS = dict.fromkeys(_DECODERS, 80 * _MEGA) | {MediaType.HEIC: 50 * _MEGA, MediaType.WEBP: 50 * _MEGA}
Image.MAX_IMAGE_PIXELS = 40 * _MEGA  # Pillow raises at twice as many, also where it looks inside a file itself
_STRIP = 256  # rows of the outcome made at a time, so that a large picture is never there twice
_OPAQUE = 255
_PLAIN = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DISPLAY_P3 = 12  # its number among the primaries of nclx, the profile in four numbers that HEIC may carry
_P3_TO_SRGB = np.array([[1.22494, -0.22494, 0.0], [-0.04206, 1.04206, 0.0], [-0.01964, -0.07864, 1.09827]])


def read(source: Path, kind: MediaType, side: int) -> Image.Image:
    """The first picture of a file in mode L, LA, RGB or RGBA, its long side at most `side`.

    Raises:
        PictureRefusedError: broken, too_many_pixels, unsupported.
    """
    _check(source, kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a decoder's remarks on a stranger's file
        try:
            return _read(source, kind, side)
        except PictureRefusedError:
            raise
        except (Image.DecompressionBombError, MemoryError):
            raise PictureRefusedError("too_many_pixels") from None
        except Exception:  # noqa: BLE001 - a decoder raises anything on a hostile file, all of it means the same
            raise PictureRefusedError("broken") from None


def _check(source: Path, kind: MediaType) -> None:
    """What the decoder must not even start on."""
    if kind is MediaType.HEIC:
        if not heif.is_made_by_a_phone(source.read_bytes()):
            raise PictureRefusedError("unsupported")
        import pillow_heif  # noqa: PLC0415 - loads 25 MB of codecs, for this kind alone

        pillow_heif.register_heif_opener(decode_threads=1, thumbnails=False, depth_images=False, aux_images=False)
    elif kind is MediaType.JPEG and jpeg.has_too_many_scans(source.read_bytes()):
        raise PictureRefusedError("broken")


def _read(source: Path, kind: MediaType, side: int) -> Image.Image:
    with Image.open(source, formats=[_DECODERS[kind]]) as opened:
        if opened.width * opened.height > MOST_PIXELS[kind]:
            raise PictureRefusedError("too_many_pixels")
        opened.draft(None, _fitted(opened.size, side))  # JPEG alone: halved while it is decoded, as often as fits
        opened.load()
        small = _reduced(opened, side)
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        method = _UPRIGHT.get(_orientation(opened))
        pixels = _in_srgb(small, opened.info)
    pixels.info = {}  # nothing of the file goes on to what is saved
    return pixels.transpose(method) if method is not None else pixels


def _fitted(size: tuple[int, int], side: int) -> tuple[int, int]:
    long = max(size)
    return (size[0], size[1]) if long <= side else (max(1, size[0] * side // long), max(1, size[1] * side // long))


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """Averaged by a whole factor, to less than twice `side`, in a plain mode."""
    factor = max(1, max(image.size) // side)
    size = (-(-image.width // factor), -(-image.height // factor))
    whole: Image.Image | None = None
    for top in range(0, size[1], _STRIP):
        rows = (0, top * factor, image.width, min((top + _STRIP) * factor, image.height))
        strip = _plain(image.crop(rows)).reduce(factor)
        whole = whole or Image.new(strip.mode, size)
        whole.paste(strip, (0, top))
    if whole is None:
        raise PictureRefusedError("broken")
    return whole


def _plain(image: Image.Image) -> Image.Image:
    """The same pixels in eight bits a channel, without palette; a colour declared transparent becomes alpha."""
    if image.mode.startswith("I;16"):
        return _eight_bits(image)
    clear = image.info.get("transparency")
    if isinstance(clear, tuple) and max(clear) > _OPAQUE:  # of a picture of 16 bits, whose pixels have come down to 8
        image.info["transparency"] = tuple(value >> 8 for value in clear)
    if image.mode in _PLAIN and clear is None:
        return image
    if image.mode in {"1", "L", "La"}:
        return image.convert("L" if clear is None and image.mode != "La" else "LA")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    deep = np.asarray(image)
    grey = Image.fromarray((deep // 257).astype(np.uint8))
    clear = image.info.get("transparency")
    if clear is not None:
        grey.putalpha(Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8)))
    return grey


def _orientation(image: Image.Image) -> int:
    """As EXIF or XMP say it; a decoder of HEIC has turned the picture already and says 1."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - metadata nobody can read is no reason to lose the picture
        return 1


def _in_srgb(image: Image.Image, info: dict[str | tuple[int, int], object]) -> Image.Image:
    """Converted by the profile of the file, or by rule where it has none that can be used."""
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    colour = image.convert(image.mode[:-1]) if alpha else image
    profile, nclx = info.get("icc_profile"), info.get("nclx_profile")
    if isinstance(profile, bytes):
        colour = _by_profile(colour, profile)
    elif isinstance(nclx, dict) and nclx.get("color_primaries") == _DISPLAY_P3 and colour.mode == "RGB":
        colour = _from_display_p3(colour)
    if colour.mode == "CMYK":
        colour = colour.convert("RGB")
    if alpha and alpha.getextrema()[0] != _OPAQUE:
        colour.putalpha(alpha)
    return colour


def _by_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        made = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return image
    return made or image


def _from_display_p3(image: Image.Image) -> Image.Image:
    """Display P3 has the curve of sRGB and primaries of its own."""
    values = np.asarray(image, dtype=np.float32) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB's
    linear = np.clip(linear @ _P3_TO_SRGB.T.astype(np.float32), 0, 1)
    values = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)  # noqa: PLR2004 - idem
    return Image.fromarray(np.rint(values * 255).astype(np.uint8))
