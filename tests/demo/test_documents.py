# mypy: allow-untyped-calls
# PyMuPDF ships without annotations.
from __future__ import annotations

import importlib.util
import json
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymupdf
import pytest

if TYPE_CHECKING:
    from types import ModuleType

DEMO = Path(__file__).resolve().parents[2] / "demo"
MANIFEST = json.loads((DEMO / "manifest.json").read_text(encoding="utf-8"))
FILES = [entry["file"] for entry in MANIFEST["documents"]]
QUESTIONS = MANIFEST["questions"]
ANSWERED = [question for question in QUESTIONS if question["document"]]
PAIRS = [
    ("faq.json", "faq.json"),
    ("retours.md", "returns.md"),
    ("garanties.md", "warranty.md"),
    ("horaires.html", "opening-hours.html"),
    ("entretien.txt", "care.txt"),
    ("manuel-fenetre-vaubrelle.pdf", "window-manual-vaubrelle.pdf"),
]
# The ranges Arcep keeps for works of fiction (numbering plan, decision 2018-0881).
FICTION = ("019900", "026191", "035301", "046571", "053649", "063998")
PHONE = re.compile(r"(?:\+33[\s.]?|\b0)[1-9](?:[\s.-]?\d{2}){4}\b")
MAIL = re.compile(r"[\w.+-]+@[\w.-]+\w")
SITE = re.compile(r"(?:https?://|www\.)[\w.-]+")


def plain(text: str) -> str:
    return " ".join(text.split())


def pages_of(document: pymupdf.Document) -> list[str]:
    return [plain(document[number].get_text()) for number in range(document.page_count)]


def read_parts(file: str) -> list[str]:
    """The pages of a PDF, the entries of a FAQ, or the whole text."""
    path = DEMO / file
    if path.suffix == ".pdf":
        with pymupdf.open(path) as document:
            return pages_of(document)
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        return [plain(f"{entry['question']} {entry['answer']}") for entry in json.loads(text)["questions"]]
    return [plain(text)]


def numbers(text: str) -> Counter[str]:
    """Every number of a text whatever the language writes around it: 1 500 and 1,500, 9 h 30 and 9:30, +33 2 and 02."""
    text = text.replace("+33 ", "0")
    text = re.sub(r"(?<=\d):00\b", "", text)
    text = re.sub(r"(?<=\d)[ ,](?=\d{3}\b)", "", text)
    return Counter(re.findall(r"\d+", text))


def warranty_rows(file: str) -> list[str]:
    lines = (DEMO / file).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("|")][2:]


@pytest.fixture(scope="module")
def make_manuals() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_make_manuals", DEMO / "make_manuals.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manifest_lists_every_document_once() -> None:
    there = {str(path.relative_to(DEMO)) for room in ("documents", "internal") for path in (DEMO / room).rglob("*.*")}
    assert sorted(FILES) == sorted(there)


def test_only_the_folder_of_internal_documents_is_internal() -> None:
    for entry in MANIFEST["documents"]:
        assert entry["audience"] == ("internal" if entry["file"].startswith("internal/") else "public"), entry


@pytest.mark.parametrize("language", ["fr", "en"])
def test_there_are_ten_answered_and_two_unanswered_questions(language: str) -> None:
    answered = Counter(bool(question["document"]) for question in QUESTIONS if question["language"] == language)
    assert answered == {True: 10, False: 2}


@pytest.mark.parametrize("question", ANSWERED, ids=lambda question: question["question"])
def test_the_named_document_holds_the_answer_at_the_named_page(question: dict[str, Any]) -> None:
    parts = read_parts(question["document"])
    expected = plain(question["contains"])
    if question["page"] is None:
        assert any(expected in part for part in parts)
    else:
        assert expected in parts[question["page"] - 1]


def test_a_question_names_a_public_document_in_its_own_language() -> None:
    for question in ANSWERED:
        assert question["document"] in FILES
        assert question["document"].startswith(f"documents/{question['language']}/")


@pytest.mark.parametrize("edition", ["fr", "en"])
def test_the_manual_is_what_the_script_makes_now(make_manuals: ModuleType, edition: str) -> None:
    wanted = next(candidate for candidate in make_manuals.EDITIONS if candidate.language == edition)
    with pymupdf.open("pdf", make_manuals.make_manual(wanted)) as made:
        assert pages_of(made) == read_parts(wanted.output)


def test_the_script_makes_the_same_bytes_twice(make_manuals: ModuleType) -> None:
    edition = make_manuals.EDITIONS[0]
    assert make_manuals.make_manual(edition) == make_manuals.make_manual(edition)


def test_text_that_leaves_its_page_is_refused(make_manuals: ModuleType) -> None:
    area = pymupdf.Rect(0, 0, 100, 20)
    with pytest.raises(ValueError, match="does not fit"):
        make_manuals.draw_text(None, "<p>line</p>" * 20, area, "")


@pytest.mark.parametrize("edition", ["fr", "en"])
def test_a_manual_is_a_small_described_document(make_manuals: ModuleType, edition: str) -> None:
    wanted = next(candidate for candidate in make_manuals.EDITIONS if candidate.language == edition)
    path = DEMO / wanted.output
    assert path.stat().st_size < 200_000
    with pymupdf.open(path) as document:
        assert document.page_count == 8
        assert document.language == edition
        assert document.metadata["title"] == wanted.title
        assert document.metadata["author"] == "Vaubrelle"
        assert [title for level, title, _ in document.get_toc() if level == 1 and title[0].isdigit()] == [
            title for title, _ in make_manuals.main_headings(make_manuals.read_pages(wanted))
        ]
        assert [link["page"] + 1 for link in document[1].get_links()] == [2, 3, 4, 4, 5, 6, 7, 8, 8, 8]


@pytest.mark.parametrize(("french", "english"), PAIRS)
def test_both_languages_give_the_same_figures(french: str, english: str) -> None:
    pairs = zip(read_parts(f"documents/fr/{french}"), read_parts(f"documents/en/{english}"), strict=True)
    for ours, theirs in pairs:
        assert numbers(ours) == numbers(theirs), f"{ours[:80]} / {theirs[:80]}"


def test_the_warranty_tables_agree_row_by_row() -> None:
    french = warranty_rows("documents/fr/garanties.md")
    english = warranty_rows("documents/en/warranty.md")
    assert len(french) >= 15
    assert [numbers(row) for row in french] == [numbers(row) for row in english]


@pytest.mark.parametrize("file", FILES)
def test_nobody_real_can_be_rung_or_written_to(file: str) -> None:
    text = " ".join(read_parts(file))
    phones = ["0" + re.sub(r"\D", "", number).removeprefix("33").removeprefix("0") for number in PHONE.findall(text)]
    assert [phone for phone in phones if not phone.startswith(FICTION)] == []
    assert [mail for mail in MAIL.findall(text) if not mail.endswith(".example")] == []
    assert [site for site in SITE.findall(text) if not site.endswith(".example")] == []


def test_the_faq_has_entries_enough_in_both_languages() -> None:
    for language in ("fr", "en"):
        entries = json.loads((DEMO / f"documents/{language}/faq.json").read_text(encoding="utf-8"))["questions"]
        assert len(entries) >= 25
        assert all(set(entry) == {"question", "answer"} for entry in entries)


def test_the_phone_rule_would_catch_a_real_number() -> None:
    assert PHONE.findall("01 45 67 89 10, +33 6 12 34 56 78") == ["01 45 67 89 10", "+33 6 12 34 56 78"]
    assert not "0145678910".startswith(FICTION)


def test_no_text_shouts() -> None:
    for file in FILES:
        text = " ".join(read_parts(file)).replace("<!DOCTYPE", "")
        assert "!" not in text, file
