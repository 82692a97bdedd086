"""A session that ends under somebody who writes: the text comes back after signing in, where it was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conversation import case_of, question, send
from tests.browser.test_desk_day import look

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Site
    from tests.harness.api import ApiClient


def sign_in(page: Page, who: ApiClient) -> None:
    expect(page.get_by_text("Votre texte est conservé.")).to_be_visible()
    page.get_by_label("Adresse e-mail").fill(who.email)
    page.get_by_label("Mot de passe").fill(who.password)
    page.get_by_role("button", name="Se connecter").click()


def test_a_summary_being_corrected(site: Site, new_page: Callable[..., Page]) -> None:
    """Whether one saves it or follows the way to the sign-in, on a phone, where the case is a page of its own."""
    client, staff = site.customer(), site.staff()
    client.ask(question())
    case = client.get("/api/conversations").json()["items"][0]["id"]
    client.post("/api/close_conversation", {"conversation_id": case})
    staff.request("PUT", f"/api/conversations/{case}/summary", json={"summary": "Une porte."})
    page = new_page(staff)
    page.goto(f"/conversations/{case}#case")
    text, save = page.get_by_role("textbox", name="Résumé"), page.get_by_role("button", name="Enregistrer le résumé")
    page.get_by_text("Corriger le résumé").click()
    text.fill("La garantie vaut.")
    page.context.clear_cookies()
    look(page)
    page.get_by_role("link", name="Se connecter").click()
    sign_in(page, staff)
    expect(text).to_have_value("La garantie vaut.")
    text.fill("La garantie vaut cinq ans.")
    page.context.clear_cookies()
    save.click()
    sign_in(page, staff)
    expect(text).to_have_value("La garantie vaut cinq ans.")
    save.click()
    expect(page.locator(".summary-text")).to_have_text("La garantie vaut cinq ans.")


def test_why_a_reply_did_not_help(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    send(page, question())
    reply = page.locator(".by-assistant:not(.is-draft)")  # here and on the page that gives the text back
    expect(reply).to_have_count(1)
    case = case_of(page)
    reply.get_by_role("button", name="Cette réponse ne m’a pas aidé").click()
    reply.get_by_label("Ce qui manquait ou n’allait pas").fill("Trop long")
    page.context.clear_cookies()
    reply.get_by_role("button", name="Envoyer").click()
    sign_in(page, client)
    expect(reply.get_by_label("Ce qui manquait ou n’allait pas")).to_have_value("Trop long")
    reply.get_by_role("button", name="Envoyer").click()
    expect(reply.get_by_text("Merci, c’est noté.")).to_be_visible()
    assert client.conversation(case)["messages"][1]["feedback_comment"] == "Trop long"
