"""Photos: what is stored looks like what was sent, and holds nothing else of it."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from tests.assistant import picture_files as files
from webapp.assistant import pictures
from webapp.errors import PictureRefusedError
from webapp.media import MediaType, sniff

if TYPE_CHECKING:
    from pathlib import Path

    from webapp.assistant.pictures import Cleaned

RED, GREEN = (200, 30, 40), (20, 160, 60)
KEPT_OF_JPEG = {0xD8, 0xE0, 0xDB, 0xC2, 0xC4, 0xDA, 0xD9}  # a progressive JPEG and its JFIF head
KEPT_OF_PNG = {b"IHDR", b"IDAT", b"IEND"}


def cleaned(folder: Path, data: bytes) -> Cleaned:
    kind = sniff(data[:4096])
    assert kind is not None
    source = folder / "sent"
    source.write_bytes(data)
    return pictures.clean(source, kind, folder)


def refusal(folder: Path, data: bytes) -> str:
    with pytest.raises(PictureRefusedError) as refused:
        cleaned(folder, data)
    assert {path.name for path in folder.iterdir()} == {"sent"}
    return refused.value.code


def shown(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def pixel(made: Cleaned, at: tuple[float, float] = (0.5, 0.5)) -> tuple[int, ...]:
    image = shown(made.full).convert("RGBA")
    value = image.getpixel((int(at[0] * (image.width - 1)), int(at[1] * (image.height - 1))))
    assert isinstance(value, tuple)
    return value


def difference(one: Image.Image, other: Image.Image) -> float:
    assert one.size == other.size
    return float(np.abs(np.asarray(one.convert("RGB"), int) - np.asarray(other.convert("RGB"), int)).mean())


def assert_bare(made: Cleaned) -> None:
    for path in (made.full, made.thumb):
        data = path.read_bytes()
        if made.media_type is MediaType.JPEG:
            assert set(files.jpeg_markers(data)) <= KEPT_OF_JPEG
        else:
            assert set(files.png_chunks(data)) <= KEPT_OF_PNG
        assert files.SECRET.encode() not in data


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_eight_orientations_look_alike(tmp_path: Path, orientation: int, form: str) -> None:
    turn_back = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    scene = files.scene()
    stored = scene.transpose(turn_back[orientation]) if orientation > 1 else scene
    made = cleaned(tmp_path, files.saved(stored, form, exif=files.exif(orientation)))
    assert (made.width, made.height) == scene.size
    assert difference(shown(made.full), scene) < 4
    assert shown(made.thumb).size == (480, 360)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("clear", [False, True])
def test_no_metadata_is_kept(tmp_path: Path, form: str, *, clear: bool) -> None:
    image = files.scene()
    if clear and form != "JPEG":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    kept: dict[str, object] = {"exif": files.exif(), "icc_profile": files.display_p3(), "dpi": (72, 72)}
    kept |= {"pnginfo": files.text_chunks()} if form == "PNG" else {"xmp": files.xmp(), "comment": files.SECRET}
    data = files.saved(image, form, **kept)
    assert files.SECRET.encode() in data
    made = cleaned(tmp_path, data)
    assert made.media_type is (MediaType.PNG if image.mode == "RGBA" else MediaType.JPEG)
    assert_bare(made)


def test_a_comment_of_a_gif_is_dropped(tmp_path: Path) -> None:
    assert_bare(cleaned(tmp_path, files.saved(files.scene().quantize(16), "GIF", comment=files.SECRET.encode())))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF"])
def test_what_follows_the_picture_is_dropped(tmp_path: Path, form: str) -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr(f"{files.SECRET}.html", f"<script>{files.SECRET}</script>")
    assert_bare(cleaned(tmp_path, files.saved(files.scene(), form) + archive.getvalue()))


def test_a_script_hidden_in_a_gif_is_dropped(tmp_path: Path) -> None:
    data = bytearray(files.saved(Image.new("P", (0x2A2F, 4)), "GIF"))  # the width reads "/*"
    assert data[6:8] == b"/*"
    made = cleaned(tmp_path, bytes(data) + f"*/={files.SECRET};".encode())
    assert_bare(made)
    assert made.width == 2560


@pytest.mark.parametrize("progressive", [False, True])
def test_cmyk_keeps_its_colours(tmp_path: Path, *, progressive: bool) -> None:
    image = Image.new("CMYK", (64, 64), (0, 255 - 30, 255 - 40, 55))
    assert pixel(cleaned(tmp_path, files.saved(image, "JPEG", progressive=progressive)))[:3] == pytest.approx(
        (200, 24, 31), abs=6
    )


def test_sixteen_bits_come_down_to_eight_without_clipping(tmp_path: Path) -> None:
    ramp = b"".join(b"\0" + b"".join(struct.pack(">H", x * 257) for x in range(256)) for _ in range(64))
    levels = np.asarray(shown(cleaned(tmp_path, files.png((256, 64), 0, ramp)).full).convert("L"))
    assert levels[32] == pytest.approx(np.arange(256), abs=4)


def test_sixteen_bits_of_colour_come_down_to_eight(tmp_path: Path) -> None:
    row = b"\0" + struct.pack(">HHH", *(value * 257 for value in RED)) * 32
    assert pixel(cleaned(tmp_path, files.png((32, 32), 2, row * 32)))[:3] == pytest.approx(RED, abs=4)


@pytest.mark.parametrize(("colour_type", "clear"), [(0, (9000,)), (2, (9000, 20000, 60000))])
def test_a_colour_declared_transparent_is_so_in_sixteen_bits(
    tmp_path: Path, colour_type: int, clear: tuple[int, ...]
) -> None:
    one, other = (struct.pack(f">{len(clear)}H", *values) for values in (clear, (65535,) * len(clear)))
    transparency = files.chunk(b"tRNS", struct.pack(f">{len(clear)}H", *clear))
    data = files.png((32, 32), colour_type, (b"\0" + one * 16 + other * 16) * 32, transparency)
    made = cleaned(tmp_path, data)
    assert pixel(made, (0.1, 0.5))[3] == 0
    assert pixel(made, (0.9, 0.5)) == (255, 255, 255, 255)


def two_colours(mode: str) -> Image.Image:
    image = Image.new("RGBA", (64, 64), (*RED, 255))
    image.paste((*GREEN, 0), (32, 0, 64, 64))
    return image.convert(mode) if mode != "P" else image.quantize(8)


@pytest.mark.parametrize(
    ("form", "mode"), [("PNG", "P"), ("GIF", "RGBA")]
)  # Pillow writes no palette with alpha as GIF
def test_a_palette_keeps_its_colours_and_its_transparency(tmp_path: Path, form: str, mode: str) -> None:
    made = cleaned(tmp_path, files.saved(two_colours(mode), form))
    assert made.media_type is MediaType.PNG
    assert pixel(made, (0.1, 0.5)) == pytest.approx((*RED, 255), abs=3)
    assert pixel(made, (0.9, 0.5))[3] == 0


@pytest.mark.parametrize("mode", ["LA", "RGBA", "L", "1", "RGB"])
def test_other_forms_of_png_look_the_same(tmp_path: Path, mode: str) -> None:
    image = two_colours(mode)
    made = cleaned(tmp_path, files.saved(image, "PNG"))
    expected = image.convert("RGBA").getpixel((6, 31))
    assert isinstance(expected, tuple)
    assert pixel(made, (0.1, 0.5)) == pytest.approx(expected, abs=4)
    assert pixel(made, (0.9, 0.5))[3] == (0 if mode in {"LA", "RGBA"} else 255)


def test_a_wide_profile_is_converted_before_it_is_dropped(tmp_path: Path) -> None:
    sent = (120, 200, 80)
    linear = (np.array(sent) / 255) ** 2.2
    matrix = np.array([[1.2249, -0.2249, 0], [-0.0421, 1.0421, 0], [-0.0196, -0.0786, 1.0983]])
    expected = np.clip(matrix @ linear, 0, 1)
    expected = 255 * np.where(expected <= 0.0031308, expected * 12.92, 1.055 * expected ** (1 / 2.4) - 0.055)
    data = files.saved(Image.new("RGB", (64, 64), sent), "PNG", icc_profile=files.display_p3())
    assert pixel(cleaned(tmp_path, data))[:3] == pytest.approx(tuple(expected), abs=4)
    assert abs(expected[0] - sent[0]) > 8, "the profile makes a difference"


def test_a_profile_nobody_can_use_is_passed_over(tmp_path: Path) -> None:
    for image in (Image.new("RGB", (64, 64), RED), Image.new("CMYK", (64, 64), (0, 255, 255, 0))):
        made = cleaned(tmp_path, files.saved(image, "JPEG", icc_profile=b"no profile at all" * 20))
        assert pixel(made)[0] > 150 > pixel(made)[1]


def test_a_large_photo_is_brought_down(tmp_path: Path) -> None:
    made = cleaned(tmp_path, files.saved(files.scene(5200, 1300), "JPEG"))
    assert (made.width, made.height) == shown(made.full).size == (2560, 640)
    assert difference(shown(made.full), files.scene(2560, 640)) < 4
    assert shown(made.thumb).size == (480, 120)


@pytest.mark.parametrize("size", [(9000, 1), (1, 9000), (1, 1), (5121, 2)])
def test_any_proportions_will_do(tmp_path: Path, size: tuple[int, int]) -> None:
    for form in ("JPEG", "PNG"):
        made = cleaned(tmp_path, files.saved(Image.new("RGB", size, RED), form))
        assert max(made.width, made.height) == min(max(size), 2560)
        assert pixel(made)[:3] == pytest.approx(RED, abs=6)


def test_a_screen_stays_sharp_and_a_photo_sent_as_png_becomes_jpeg(tmp_path: Path) -> None:
    screen = Image.new("RGB", (800, 600), "white")
    ImageDraw.Draw(screen).rectangle((100, 100, 300, 200), fill=RED)
    made = cleaned(tmp_path, files.saved(screen, "PNG"))
    assert made.media_type is MediaType.PNG
    assert difference(shown(made.full), screen) == 0
    assert cleaned(tmp_path, files.saved(files.texture(), "PNG")).media_type is MediaType.JPEG


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_only_the_first_frame_is_kept(tmp_path: Path, form: str) -> None:
    frames = [Image.new("RGB", (40, 40), (*GREEN[:2], blue)) for blue in range(1, 120)]
    data = files.saved(Image.new("RGB", (40, 40), RED), form, save_all=True, append_images=frames)
    made = cleaned(tmp_path, data)
    assert pixel(made)[:3] == pytest.approx(RED, abs=8)
    assert getattr(shown(made.full), "n_frames", 1) == 1


@pytest.mark.parametrize(
    "data",
    [
        files.png((50_000, 50_000), 2, b""),
        b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x02\x00;",
        files.saved(Image.new("RGB", (8, 8)), "JPEG").replace(b"\0\x08\0\x08\x03", b"\xff\xdc\xff\xdc\x03", 1),
    ],
    ids=["PNG", "GIF", "JPEG"],
)
def test_a_picture_that_unpacks_without_end_is_refused_unread(tmp_path: Path, data: bytes) -> None:
    assert refusal(tmp_path, data) == "too_many_pixels"


def test_a_jpeg_of_a_thousand_passes_is_refused_and_a_film_after_it_is_not_counted(tmp_path: Path) -> None:
    whole = files.saved(files.scene(64, 64), "JPEG")
    start = whole.index(b"\xff\xda")
    scan = whole[start : whole.index(b"\xff\xd9", start)]
    assert refusal(tmp_path, whole[:start] + scan * 1000 + b"\xff\xd9") == "broken"
    assert_bare(cleaned(tmp_path, whole + b"\xff\xda\0\x02" * 1000))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP"])
def test_half_a_file_is_refused(tmp_path: Path, form: str) -> None:
    whole = files.saved(files.texture(200, 200), form)
    assert refusal(tmp_path, whole[: len(whole) // 2]) == "broken"


@pytest.mark.parametrize("kind", [kind for kind in MediaType if kind is not MediaType.PDF])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, kind: MediaType) -> None:
    source = tmp_path / "sent"
    for data in (b"<script>alert(1)</script>" * 40, b"II*\0" + bytes(200), b""):
        source.write_bytes(data)
        with pytest.raises(PictureRefusedError) as refused:
            pictures.clean(source, kind, tmp_path)
        assert refused.value.code == ("unsupported" if kind is MediaType.HEIC else "broken")


def test_a_sharp_bright_photo_is_good_enough(tmp_path: Path) -> None:
    assert not cleaned(tmp_path, files.saved(files.texture(), "JPEG")).quality.poor


def test_a_dark_a_blurred_and_a_small_photo_are_told_apart(tmp_path: Path) -> None:
    sharp = files.texture(1600, 1200).resize((800, 600))
    asked = {
        "dark": sharp.point(lambda value: value // 8),
        "blurred": files.scene().resize((16, 12)).resize((800, 600), Image.Resampling.BICUBIC),
        "small": sharp.crop((0, 0, 200, 150)),
    }
    for flaw, image in asked.items():
        quality = cleaned(tmp_path, files.saved(image, "JPEG", quality=95)).quality
        assert [name for name in ("dark", "blurred", "small") if getattr(quality, name)] == [flaw]


def test_a_wall_a_dark_screen_and_a_drawing_are_no_bad_photos(tmp_path: Path) -> None:
    wall = files.texture().filter(ImageFilter.GaussianBlur(20))
    screen = Image.new("RGB", (800, 600), (18, 18, 18))
    for line in range(20, 580, 12):
        ImageDraw.Draw(screen).line((20, line, 760, line), fill="white")
    for data in (
        files.saved(wall, "JPEG"),
        files.saved(screen, "JPEG"),
        files.saved(Image.new("RGB", (64, 64)), "PNG"),
    ):
        assert not cleaned(tmp_path, data).quality.poor
