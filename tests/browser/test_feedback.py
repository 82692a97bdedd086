"""Thumbs under a reply: kept in place, no reload, by a reply that came while the page was open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.conversation import answers, messages, question, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site


def test_a_reply_is_rated_in_place(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    send(page, question())
    expect(answers(page)).to_have_count(1)
    page.evaluate("window.stays = true")
    up, down = (page.get_by_role("button", name=name) for name in ("Cette réponse m’a aidé", "ne m’a pas aidé"))
    up.click()
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(page.locator("[data-why]")).to_be_hidden()
    assert messages(client, page)[1]["feedback"] == "up"
    down.click()
    expect(down).to_have_attribute("aria-pressed", "true")
    expect(up).to_have_attribute("aria-pressed", "false")
    page.get_by_label("Ce qui manquait ou n’allait pas").fill("Trop long")
    page.locator("[data-why]").get_by_role("button", name="Envoyer").click()
    expect(page.get_by_label("Ce qui manquait ou n’allait pas")).to_be_hidden()
    expect(page.locator("[data-said]")).to_have_text("Merci, c’est noté.")
    seen = messages(client, page)[1]
    assert (seen["feedback"], seen["feedback_comment"]) == ("down", "Trop long")
    assert page.evaluate("window.stays") is True
    page.reload()
    expect(down).to_have_attribute("aria-pressed", "true")
