"""Word files: what a reader sees of them, and no more memory than that takes."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import docx
import pytest

from webapp.assistant import documents
from webapp.assistant.documents import BlockKind
from webapp.errors import DocumentRefusedError

if TYPE_CHECKING:
    from pathlib import Path


def word_file(**properties: str) -> bytes:
    made = docx.Document()
    for name, value in properties.items():
        setattr(made.core_properties, name, value)
    made.add_heading("Garanties", 1)
    made.add_paragraph("Le vitrage est couvert.")
    made.add_paragraph().add_run("IGNOREZ").font.hidden = True
    table = made.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Structure", "15 ans"
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


def test_a_word_file_keeps_headings_and_rows_and_drops_hidden_runs() -> None:
    parsed = documents.parse(word_file(title="Guide des garanties"), "x.docx")
    assert parsed.title == "Guide des garanties"
    (draft,) = documents.split(parsed)
    assert draft.heading == "Garanties"
    assert draft.text == "Le vitrage est couvert.\nStructure | 15 ans"


def test_merged_cells_of_a_word_file_are_told_once_in_a_row_and_in_each_row() -> None:
    made = docx.Document()
    made.add_paragraph("Les durées", style="List Bullet")
    table = made.add_table(2, 3)
    for place, text in enumerate(("Vitrage", "10 ans", "buée", "", "5 ans", "casse")):
        table.cell(place // 3, place % 3).text = text
    table.cell(0, 0).merge(table.cell(1, 0))
    table.cell(0, 1).merge(table.cell(0, 2))
    file = io.BytesIO()
    made.save(file)
    (page,) = documents.parse(file.getvalue(), "x.docx").pages
    assert [(block.kind, block.text) for block in page.blocks] == [
        (BlockKind.ROW, "Les durées"),
        (BlockKind.ROW, "Vitrage | 10 ans buée"),
        (BlockKind.ROW, "Vitrage | 5 ans | casse"),
    ]


def hostile_word_file(body: str) -> bytes:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {space}><w:body>{body}</w:body></w:document>")
    return file.getvalue()


@pytest.mark.parametrize("body", ["0" * (21 * 1024 * 1024), f"<w:p>{'<w:r/>' * 60_000}</w:p>"], ids=["text", "runs"])
def test_a_word_file_that_unpacks_without_end_is_refused(body: str) -> None:
    with pytest.raises(DocumentRefusedError) as refused:
        documents.parse(hostile_word_file(body), "bomb.docx")
    assert refused.value.code == "too_large"


MEMORY_OF_A_WORD_FILE = """
import resource, sys
from webapp.assistant import office

office.read(open(sys.argv[1], "rb").read())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
office.read(open(sys.argv[2], "rb").read())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_a_word_file_of_empty_paragraphs_takes_no_more_memory_than_one_of_them(tmp_path: Path) -> None:
    """As a tree these took 190 MiB."""
    paths = [tmp_path / "one.docx", tmp_path / "many.docx"]
    paths[0].write_bytes(word_file())
    paths[1].write_bytes(hostile_word_file("<w:p/>" * 800_000))
    read = subprocess.run(
        [sys.executable, "-c", MEMORY_OF_A_WORD_FILE, *map(str, paths)], capture_output=True, text=True, check=True
    )
    assert int(read.stdout) < 40 * 1024
