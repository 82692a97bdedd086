"""From a question to the page of the document its answer stands on: by mouse, by keyboard, with no script."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conversation import case_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site

QUESTION = "Combien de temps dure la garantie des portes coulissantes ?"


def test_an_answer_leads_to_its_source_and_back(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(site.customer())
    page.goto("/chat")
    page.get_by_label("Votre message").fill(QUESTION)
    page.get_by_role("button", name="Envoyer").click()
    chip = page.locator(".chip").first
    expect(chip).to_contain_text(site.document)
    page.get_by_text("Lire les passages cités").click()
    expect(page.locator(".excerpts dd").first).to_contain_text("garantie")
    conversation = f"{site.url}/chat/{case_of(page)}"
    chip.click()
    expect(page).to_have_url(re.compile("#passage$"))
    expect(page.locator("#passage")).to_contain_text("La garantie des portes coulissantes dure cinq ans")
    page.get_by_role("link", name="Revenir à la conversation").click()
    expect(page).to_have_url(conversation)
    expect(page.locator(".chip").first).to_be_visible()


def test_the_whole_way_by_keyboard(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(viewport={"width": 1280, "height": 900})
    page.goto("/login")
    tab_to(page, "#email")
    page.keyboard.type(client.email)
    tab_to(page, "#password")
    page.keyboard.type(client.password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/chat")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "#message")
    page.keyboard.type(QUESTION)
    page.keyboard.press("Enter")
    expect(page.locator(".chip").first).to_contain_text(site.document)
    expect(page.locator("#message")).to_be_focused()
    tab_to(page, "summary", backwards=True)
    page.keyboard.press("Enter")
    expect(page.locator(".excerpts dd").first).to_be_visible()
    tab_to(page, ".chip", backwards=True)
    page.keyboard.press("Enter")
    expect(page.locator("#passage")).to_be_visible()


def tab_to(page: Page, selector: str, *, backwards: bool = False) -> None:
    """Press Tab until something that matches has the focus, which must be seen to have it."""
    for _ in range(40):
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    pytest.fail(f"Tab does not lead to {selector}")


def test_the_whole_way_without_javascript(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Adresse e-mail").fill(client.email)
    page.get_by_label("Mot de passe").fill(client.password)
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_label("Votre message").fill(QUESTION)
    page.get_by_role("button", name="Envoyer").click()
    chip = page.locator(".chip").first  # the page reloads itself until it is there
    expect(chip).to_contain_text(site.document)
    expect(chip).to_be_in_viewport()
    expect(page.get_by_label("Votre message")).to_be_visible()
    conversation = page.url
    chip.click()
    expect(page.locator("#passage")).to_be_visible()
    page.get_by_role("link", name="Revenir à la conversation").click()
    expect(page).to_have_url(conversation)
    page.get_by_role("button", name="Parler à une personne").click()
    expect(page.get_by_text("Une personne va vous répondre ici.")).to_be_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_text("A person will answer you here.")).to_be_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{site.url}/login")


def test_staff_answers_without_javascript(site: Site, new_page: Callable[..., Page]) -> None:
    client, staff = site.customer(), site.staff()
    accepted = client.chat("Mon colis est arrivé vide, je voudrais une personne")
    client.post(f"/api/conversations/{accepted['conversation_id']}/handoff", {})
    page = new_page(staff, java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page.goto("/conversations")
    page.locator(f".waiting a[href$='{accepted['conversation_id']}']").click()
    page.get_by_role("button", name="Prendre en charge").click()
    expect(page.get_by_text("C’est enregistré.")).to_be_visible()
    page.get_by_label("Votre réponse au client").fill("Bonjour, je m'en occupe.")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    expect(page.locator(".by-staff .body")).to_have_text("Bonjour, je m'en occupe.")
    page.get_by_role("button", name="Rendre la parole à l’assistant").click()
    expect(page.get_by_role("button", name="Mettre l’assistant en pause")).to_be_visible()
