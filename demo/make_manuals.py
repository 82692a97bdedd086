# ruff: noqa: INP001 - a script beside its material, not a package
# mypy: allow-untyped-calls
# PyMuPDF ships without annotations.
"""Makes the two window manuals from manuals/: `python demo/make_manuals.py`.

The sources are one HTML file per language. In them `<!-- page -->` starts a page, `<!-- figure NAME HEIGHT -->`
leaves room for a drawing of manuals/, and `<!-- contents -->` becomes the table of contents. The same sources and the
same PyMuPDF give the same bytes.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pymupdf

HERE = Path(__file__).resolve().parent
SOURCES = HERE / "manuals"
PAPER = pymupdf.paper_rect("a4")
TEXT_AREA = pymupdf.Rect(58, 52, 537, 792)
FOOTER_AREA = pymupdf.Rect(58, 804, 537, 826)
WRITTEN_ON = "D:20260301000000Z"
FIGURE = re.compile(r"<!-- figure (\S+) (\d+) -->")
MAIN_HEADING = re.compile(r"<h1>(\d+\..*?)</h1>")


@dataclass(frozen=True)
class Edition:
    language: str
    output: str
    title: str
    subject: str
    keywords: str


@dataclass
class Layout:
    """What drawing the pages leaves for the finished file: outline rows and the drawings with their places."""

    outline: list[list[Any]]  # level, title, page from 1, top in points: the rows of Document.set_toc
    figures: list[tuple[int, str, pymupdf.Rect]]  # page from 0, file name, place


EDITIONS = (
    Edition(
        language="fr",
        output="documents/fr/manuel-fenetre-vaubrelle.pdf",
        title="Manuel de la fenêtre Vaubrelle 76",
        subject="Utilisation, réglage, entretien, volet roulant, dépannage, données techniques",
        keywords="fenêtre, PVC, oscillo-battant, volet roulant, réglage, entretien",
    ),
    Edition(
        language="en",
        output="documents/en/window-manual-vaubrelle.pdf",
        title="Vaubrelle 76 window manual",
        subject="Use, adjustment, maintenance, roller shutter, troubleshooting, technical data",
        keywords="window, PVC, tilt-and-turn, roller shutter, adjustment, maintenance",
    ),
)


def bind_spaces(html: str) -> str:
    """Keeps a number with its unit, and French high punctuation with its word, on one line."""
    html = re.sub(r"(?<=\d) (?=[\w°%€])", "\u00a0", html)
    return re.sub(r" (?=[:;?!»])|(?<=«) ", "\u00a0", html)


def read_pages(edition: Edition) -> list[str]:
    source = bind_spaces((SOURCES / f"{edition.language}.html").read_text(encoding="utf-8"))
    pages = source.split("<!-- page -->")[1:]
    return [page.replace("<!-- contents -->", contents_table(pages)) for page in pages]


def main_headings(pages: list[str]) -> list[tuple[str, int]]:
    """Numbered chapter titles with their page, from 1."""
    return [(title, number) for number, page in enumerate(pages, 1) for title in MAIN_HEADING.findall(page)]


def contents_table(pages: list[str]) -> str:
    rows = (f"<tr><td>{title}</td><td>{number}</td></tr>" for title, number in main_headings(pages))
    return f'<table class="contents">{"".join(rows)}</table>'


def parts_of(page: str) -> Iterator[tuple[str, str, int]]:
    """The text of a page cut at its figures: text, name of the figure that follows it ("" at the end), its height."""
    pieces = FIGURE.split(page)
    for text, name, height in zip(pieces[::3], [*pieces[1::3], ""], [*pieces[2::3], "0"], strict=True):
        yield text, name, int(height)


def draw_text(device: Any, html: str, area: pymupdf.Rect, stylesheet: str) -> tuple[float, list[Any]]:  # noqa: ANN401 - PyMuPDF gives it no type
    """Draws one text and returns where it ends and where its elements lie; ValueError if it does not fit."""
    story = pymupdf.Story(html, user_css=stylesheet)
    more, filled = story.place(area)
    if more:
        raise ValueError(f"does not fit its page: {html.strip()[:60]}")
    elements: list[Any] = []
    story.element_positions(lambda element: elements.append(element))  # noqa: PLW0108 - it asks for a function of ours
    story.draw(device)
    return filled[3], elements


def outline_rows(elements: list[Any], number: int) -> Iterator[list[Any]]:
    for element in elements:
        if element.heading and element.open_close & 1:
            yield [element.heading, unescape(element.text), number, element.rect[1]]


def draw_page(device: Any, page: str, number: int, stylesheet: str, layout: Layout) -> None:  # noqa: ANN401 - idem
    area = pymupdf.Rect(TEXT_AREA)
    for text, figure, height in parts_of(page):
        area.y0, elements = draw_text(device, text, area, stylesheet)
        layout.outline.extend(outline_rows(elements, number))
        if figure:
            place = pymupdf.Rect(area.x0, area.y0, area.x1, area.y0 + height)
            layout.figures.append((number - 1, figure, place))
            area.y0 = place.y1


def draw_pages(edition: Edition, pages: list[str], stylesheet: str) -> tuple[pymupdf.Document, Layout]:
    layout = Layout(outline=[], figures=[(0, "cover.svg", PAPER)])
    buffer = io.BytesIO()
    writer = pymupdf.DocumentWriter(buffer)
    for number, page in enumerate(pages, 1):
        device = writer.begin_page(PAPER)
        draw_page(device, page, number, stylesheet, layout)
        if number > 1:
            footer = f'<p class="running">{edition.title} · {number} / {len(pages)}</p>'
            draw_text(device, footer, FOOTER_AREA, stylesheet)
        writer.end_page()
    writer.close()
    return pymupdf.open("pdf", buffer.getvalue()), layout


def place_figures(document: pymupdf.Document, layout: Layout) -> None:
    for number, name, place in layout.figures:
        with pymupdf.open(SOURCES / name) as drawing, pymupdf.open("pdf", drawing.convert_to_pdf()) as vector:
            # Only the cover lies under its text; elsewhere the numbers of a drawing are read after the page.
            document[number].show_pdf_page(place, vector, 0, overlay=number > 0)


def link_contents(document: pymupdf.Document, pages: list[str]) -> None:
    contents = document[1]
    for title, number in main_headings(pages):
        line = contents.search_for(title)[0]
        line.x1 = TEXT_AREA.x1
        contents.insert_link({"kind": pymupdf.LINK_GOTO, "from": line, "page": number - 1, "to": pymupdf.Point(0, 0)})


def describe(document: pymupdf.Document, edition: Edition) -> None:
    document.set_metadata(
        {
            "title": edition.title,
            "author": "Vaubrelle",
            "subject": edition.subject,
            "keywords": edition.keywords,
            "creator": "demo/make_manuals.py",
            "creationDate": WRITTEN_ON,
            "modDate": WRITTEN_ON,
        }
    )
    document.set_language(edition.language)
    document.xref_set_key(document.pdf_catalog(), "ViewerPreferences", "<</DisplayDocTitle true>>")


def make_manual(edition: Edition) -> bytes:
    pages = read_pages(edition)
    document, layout = draw_pages(edition, pages, (SOURCES / "manual.css").read_text(encoding="utf-8"))
    place_figures(document, layout)
    link_contents(document, pages)
    document.set_toc(layout.outline)
    describe(document, edition)
    document.subset_fonts()
    return bytes(document.tobytes(garbage=4, deflate=True, use_objstms=1, no_new_id=True))


def main() -> None:
    for edition in EDITIONS:
        (HERE / edition.output).write_bytes(make_manual(edition))


if __name__ == "__main__":
    main()
