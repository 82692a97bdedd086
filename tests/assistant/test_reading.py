"""Labels read by the local model, and where its pieces stand on the sheet."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from tasks import apart
from webapp.assistant import reading
from webapp.assistant.facts import find_facts
from webapp.domain import FactKind, FoundFact

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LABEL = ("FENETRES DU NORD", "Commande : CMD2024-0117", "S/N 48213-77B", "Livraison le 12/03/2024")
FACTS = {FoundFact(FactKind.ORDER_NUMBER, "CMD2024-0117"), FoundFact(FactKind.SERIAL_NUMBER, "48213-77B")}


def _label() -> Image.Image:
    sheet = Image.new("RGB", (800, 400), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(36)
    for place, line in enumerate(LABEL):
        draw.text((40, 30 + 80 * place), line, fill="black", font=font)
    return sheet


def _worn(sheet: Image.Image) -> Image.Image:
    """Photographed askew, out of focus, in bad light."""
    tilted = sheet.rotate(8, expand=True, fillcolor=(140, 150, 145), resample=Image.Resampling.BICUBIC)
    grain = np.random.default_rng(1).normal(0, 18, (tilted.height, tilted.width, 3))
    blurred = np.asarray(tilted.filter(ImageFilter.GaussianBlur(0.8)), dtype=np.float64)
    return Image.fromarray((blurred + grain).clip(0, 255).astype(np.uint8))


def test_labels_are_read_in_order_and_from_this_machine_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("reading asked the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    clear, askew = tmp_path / "clear.png", tmp_path / "askew.jpg"
    _label().save(clear)
    _worn(_label()).save(askew, quality=85)
    read = reading.transcribe([clear], 60).splitlines()
    assert [line.replace(" ", "") for line in read] == [line.replace(" ", "") for line in LABEL]
    assert set(find_facts("\n".join(read))) >= FACTS
    assert set(find_facts(reading.transcribe([askew], 60))) >= FACTS
    assert reading.transcribe([clear, askew], 0) == ""


def test_the_process_that_reads_leaves_nothing_but_its_answer(tmp_path: Path) -> None:
    """What would call its maker from C, which no test of Python's sockets sees, first writes down a number of ours."""
    picture, folder = tmp_path / "label.png", tmp_path / "folder"
    _label().save(picture)
    folder.mkdir()
    assert LABEL[-1] in apart.run("tasks.reading", ("60", str(picture)), folder, wall_s=60)["text"]
    assert [path.name for path in folder.iterdir()] == ["answer.json"]


def _box(text: str, x: float, y: float, tilt: float = 0) -> reading.Box:
    return text, [[x, y], [x + 100, y + tilt], [x + 100, y + 20 + tilt], [x, y + 20]]


def test_pieces_of_one_row_stand_together_even_on_a_tilted_sheet() -> None:
    level = [_box("CMD-1", 200, 52), _box("Date", 400, 8), _box("Commande", 200, 10), _box("***", 0, 90)]
    assert reading.rows(reading.straightened(level)) == ["Commande | Date", "CMD-1"]
    tilted = [_box("A", 0, 0, 20), _box("B", 200, 40, 20), _box("C", 0, 40, 20)]
    assert reading.rows(reading.straightened(tilted)) == ["A | B", "C"]
    assert reading.rows(reading.straightened([])) == []
