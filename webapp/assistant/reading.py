"""What is printed on a photo: the lines of a label or an invoice, read by a local model. Nothing leaves the machine."""

from __future__ import annotations

import time
from functools import cache
from math import atan2, cos, hypot, sin
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from webapp.assistant.parsed import CELL, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from PIL import Image

Box = tuple[str, list[list[float]]]  # the text and its four corners, from the upper left on clockwise

MOST_CHARACTERS = 20_000
_THREADS = 2
_SIDE = 2560  # pixels: that of a cleaned picture
_FOUND_AT = 1280  # lines are looked for at this size and read at full size: half the memory, the same lines
_SURE = 0.7  # score under which a line is a texture more often than letters
_UPRIGHT = 1.5  # times as high as wide
_SAME_ROW = 0.6  # of a letter's height between two pieces of one row


class Piece(NamedTuple):
    """A piece of text with the middle of its box and its height, in pixels of a page set straight."""

    text: str
    x: float
    y: float
    height: float


def transcribe(paths: Sequence[Path], deadline_s: float) -> str:
    """The lines of pictures we cleaned, in reading order, pieces of one row parted by CELL; "" when there are none.

    Loads a model of 30 MB at its first use and takes up to 600 MB and 4 s a picture: meant for a child of one file.
    No picture is begun after the deadline.
    """
    ends = time.monotonic() + deadline_s
    read: list[str] = []
    for path in paths:
        if time.monotonic() >= ends:
            break
        read.extend(_lines(path))
    return "\n".join(read)[:MOST_CHARACTERS]


def _lines(path: Path) -> list[str]:
    from PIL import Image  # noqa: PLC0415 - what only this child needs

    with Image.open(path) as opened:
        image = opened.convert("RGBA")
    sheet = Image.new("RGB", image.size, "white")
    sheet.paste(image, mask=image)
    found = _found(sheet)
    if found and 2 * sum(map(_is_upright, found)) > len(found):  # the sheet lies on its side
        found = _found(sheet.transpose(Image.Transpose.ROTATE_90))
    return rows(straightened(found))


def _found(sheet: Image.Image) -> list[Box]:
    told = _reader()(sheet)
    return [] if told.boxes is None or told.txts is None else list(zip(told.txts, told.boxes.tolist(), strict=True))


def _is_upright(box: Box) -> bool:
    _, ((ax, ay), (bx, by), _, (dx, dy)) = box
    return hypot(dx - ax, dy - ay) > _UPRIGHT * hypot(bx - ax, by - ay)


@cache
def _reader() -> Any:  # noqa: ANN401 - RapidOCR types its call as four different things
    """The engine with the models that came with it: a path given is never downloaded."""
    import rapidocr  # noqa: PLC0415 - 100 MB with its models

    models = Path(rapidocr.__file__).parent / "models"
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.text_score": _SURE,
            "Global.max_side_len": _SIDE,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.limit_type": "max",
            "Det.limit_side_len": _FOUND_AT,
            "Cls.model_path": str(models / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )


def straightened(found: Iterable[Box]) -> list[Piece]:
    """Pieces as they stand when the page is turned by the tilt most of them have."""
    boxes = [(clean(text), corners) for text, corners in found if any(map(str.isalnum, text))]
    if not boxes:
        return []
    tilt = median(atan2(b[1] - a[1], b[0] - a[0]) for _, (a, b, _, _) in boxes)
    return [_piece(text, corners, tilt) for text, corners in boxes]


def _piece(text: str, corners: list[list[float]], tilt: float) -> Piece:
    x, y = (sum(corner[axis] for corner in corners) / len(corners) for axis in (0, 1))
    (ax, ay), (dx, dy) = corners[0], corners[3]
    return Piece(text, x * cos(tilt) + y * sin(tilt), y * cos(tilt) - x * sin(tilt), hypot(dx - ax, dy - ay))


def rows(pieces: Iterable[Piece]) -> list[str]:
    """Pieces that stand beside each other, from left to right, then the next below."""
    made: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda each: each.y):
        row = made[-1] if made else []
        if row and piece.y - median(each.y for each in row) < _SAME_ROW * min(piece.height, row[0].height):
            row.append(piece)
        else:
            made.append([piece])
    return [CELL.join(piece.text for piece in sorted(row, key=lambda each: each.x)) for row in made]
