from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.servers import query
from tests.routes.pages.forms import fields, soup, submit, text_of
from webapp.domain import Audience, Language
from webapp.extensions import db
from webapp.services import documents

if TYPE_CHECKING:
    from flask import Flask

    from tests.harness.api import ApiClient


def publish(app: Flask, audience: Audience, pages: dict[int | None, list[str]]) -> str:
    """Put a document into the knowledge as ingestion would; its id."""
    with app.app_context():
        new = documents.NewDocument("cgv.pdf", f"digest-{audience}", 1234, "key", audience, None)
        document, _, _ = documents.add(db.session(), new)
        passages = [
            documents.NewPassage(ordinal, page, f"Article {page}", text, Language.FR, "test", b"\x00")
            for ordinal, (page, text) in enumerate((page, text) for page, texts in pages.items() for text in texts)
        ]
        count = None if None in pages else len(pages)
        documents.publish(db.session(), document.id, documents.NewText("Conditions <b>", Language.FR, count, passages))
        db.session.commit()
        return str(document.id)


@pytest.fixture
def terms(app: Flask) -> str:
    return publish(
        app, Audience.PUBLIC, {1: ["L'objet."], 2: ["Avant.", "Quatorze\n\njours <script>."], 3: ["La fin."]}
    )


def passage(database_url: str, document: str, ordinal: int) -> str:
    rows = query(database_url, "SELECT id FROM passage WHERE document_id = %s AND ordinal = %s", [document, ordinal])
    return str(rows[0][0])


def test_a_source_opens_at_its_page_with_its_passage_marked(client: ApiClient, database_url: str, terms: str) -> None:
    page = client.get(f"/documents/{terms}?page=2&passage={passage(database_url, terms, 2)}")
    assert text_of(page, "h1") == "Conditions <b>"
    assert [part.get_text() for part in soup(page).select("#passage > p:not(.passage-label)")] == [
        "Quatorze",
        "jours <script>.",
    ]
    assert "Page 2 sur 3" in text_of(page, ".facts")
    assert "Avant." in text_of(page, ".paper")
    assert "La fin." not in page.text


def test_pages_follow_one_another_and_lead_back(client: ApiClient, terms: str) -> None:
    came_from = {"Referer": "http://localhost/chat/0123"}
    page = client.get(f"/documents/{terms}?page=2", headers=came_from)
    assert text_of(page, ".back") == "Revenir à la conversation"
    following = client.get(str(soup(page).select_one("a[rel=next]")["href"]))  # type: ignore[index]
    assert "La fin." in following.text
    assert soup(following).select_one(".back a")["href"] == "/chat/0123"  # type: ignore[index]
    assert not soup(following).select_one("a[rel=next]")
    assert not soup(client.get(f"/documents/{terms}")).select_one("a[rel=prev]")


@pytest.mark.parametrize("referrer", ["https://evil.example/chat/1", "http://localhost//evil.example", "", "odd"])
def test_the_way_back_stays_here(client: ApiClient, terms: str, referrer: str) -> None:
    page = client.get(f"/documents/{terms}?back=//evil.example", headers={"Referer": referrer})
    assert soup(page).select_one(".back a")["href"] == "/chat"  # type: ignore[index]


def test_a_document_without_pages_is_one_page(app: Flask, client: ApiClient) -> None:
    document = publish(app, Audience.PUBLIC, {None: ["Un.", "Deux."]})
    assert "Un. Deux." in text_of(client.get(f"/documents/{document}?page=1"), ".paper")


def test_what_is_not_there_is_not_there(client: ApiClient, terms: str) -> None:
    for path in (
        f"/documents/{terms}?page=4",
        "/documents/nonsense",
        f"/documents/{terms[:-1]}{'1' if terms.endswith('0') else '0'}",
    ):
        assert client.get(path).status_code == 404
    assert client.get(f"/documents/{terms}?page=0").status_code == 422


def test_what_is_internal_is_for_staff(app: Flask, client: ApiClient, staff: ApiClient, anonymous: ApiClient) -> None:
    document = publish(app, Audience.INTERNAL, {1: ["Entre nous."]})
    assert client.get(f"/documents/{document}").status_code == 404
    assert anonymous.get(f"/documents/{document}").status_code == 303
    assert "Réservé à l’équipe" in text_of(staff.get(f"/documents/{document}"), ".facts")


def upload(browser: ApiClient, content: bytes, name: str, audience: str = "public") -> int:
    values = fields(browser.get("/knowledge"), "/knowledge") | {"audience": audience}
    return browser.http.post("/knowledge", data=values, files={"file": (name, content)}).status_code


def test_an_admin_adds_and_deletes(admin: ApiClient, staff: ApiClient) -> None:
    assert soup(staff.get("/knowledge")).select_one(".empty")
    assert upload(admin, b"# Retours\n\nQuatorze jours.", "retours.md", "internal") == 303
    page = admin.get("/knowledge?notice=added")
    assert text_of(page, ".note-ok") == "Le document est reçu. Il est en cours de lecture."
    row = text_of(page, "tbody tr")
    assert "retours.md" in row
    assert "En lecture" in row
    assert "L’équipe seulement" in row
    question = admin.get(str(soup(page).select_one("td.end a")["href"]))  # type: ignore[index]
    action = str(soup(question).select_one("main form")["action"])  # type: ignore[index]
    assert submit(admin, question, action).headers["Location"] == "/knowledge?notice=deleted"
    assert soup(admin.get("/knowledge")).select_one(".empty")


def test_a_document_larger_than_a_message_is_taken(admin: ApiClient) -> None:
    assert upload(admin, b"a" * 2_000_000, "grand.txt") == 303


def test_a_file_that_cannot_be_read_is_refused(admin: ApiClient) -> None:
    assert upload(admin, b"MZ", "program.exe") == 415
    assert upload(admin, b"", "") == 422


def test_staff_only_reads(staff: ApiClient, app: Flask) -> None:
    document = publish(app, Audience.PUBLIC, {1: ["Un."]})
    page = staff.get("/knowledge")
    assert not soup(page).select("main form")
    csrf = {"csrf_token": staff.csrf_token}
    assert staff.http.post("/knowledge", data=csrf, files={"file": ("a.md", b"a")}).status_code == 403
    assert staff.get(f"/knowledge/{document}/delete").status_code == 403
    assert staff.http.post(f"/knowledge/{document}/delete", data=csrf).status_code == 403
