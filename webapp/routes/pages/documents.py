from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import render_template, request, url_for

from webapp.errors import NotFoundError
from webapp.extensions import db
from webapp.routes import access
from webapp.routes.access import me
from webapp.routes.pages.addresses import home_path, local_path
from webapp.routes.pages.blueprint import pages
from webapp.routes.requests import an_id, number
from webapp.services import documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from webapp.models import PassageRow

MAX_PAGE = 1_000_000
MAX_PASSAGE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Block:
    """A passage as it is read: its heading where it changes, its paragraphs, and whether it is the one quoted."""

    heading: str
    paragraphs: list[str]
    marked: bool


@pages.get("/documents/<document_id>")
@access.signed_in
def document(document_id: str) -> str:
    """Show a page of a document as text; a document without pages is one page."""
    found = documents.get(db.session(), an_id(document_id), staff=me().is_staff)
    page = number("page", 1, low=1, high=MAX_PAGE)
    if page > (found.page_count or 1):
        raise NotFoundError
    passage = number("passage", 0, low=0, high=MAX_PASSAGE)
    rows = documents.passages_of(db.session(), found.id)
    blocks = _blocks([row for row in rows if found.page_count is None or row.page == page], passage)
    back = _back()

    def turn(to: int) -> str:
        return url_for("pages.document", document_id=found.id, page=to, passage=passage or None, back=back)

    return render_template(
        "document.html",
        document=found,
        page=page if found.page_count else None,
        blocks=blocks,
        marked=any(block.marked for block in blocks),
        back=back,
        back_is_conversation=back.startswith(("/chat/", "/conversations/")),
        previous=turn(page - 1) if page > 1 else None,
        next=turn(page + 1) if page < (found.page_count or 1) else None,
    )


def _blocks(rows: Sequence[PassageRow], passage: int) -> list[Block]:
    blocks: list[Block] = []
    heading = ""
    for row in rows:
        paragraphs = [part.strip() for part in row.text.split("\n\n") if part.strip()]
        blocks.append(Block(row.heading if row.heading != heading else "", paragraphs, row.id == passage))
        heading = row.heading
    return blocks


def _back() -> str:
    """Return the way back: kept from page to page, at first the page of ours that led here."""
    kept = local_path(request.args.get("back"))
    if kept:
        return kept
    came_from = urlsplit(request.referrer or "")
    known = came_from.netloc == request.host and came_from.path.startswith(("/chat", "/conversations", "/knowledge"))
    return local_path(came_from.path) if known else home_path()
