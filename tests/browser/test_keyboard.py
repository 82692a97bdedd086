"""No mouse: the whole journey of a customer by keyboard alone, each stop with a focus one can see; the desk's keys."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.conversation import answers, case_of, question
from tests.browser.test_desk_day import WIDE, answer_of, calm

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site

MOST_STOPS = 70
# What has the focus: its name as it is announced, near enough, and whether one sees that it has it.
FOCUS = """() => {
    const at = document.activeElement;
    const shown = [at, at.closest(".composer-box")].filter(Boolean).map((each) => getComputedStyle(each));
    const named = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent;
    const name = at === document.body ? "" : named;
    return {
        name: name.replace(/\\s+/g, " ").trim(),
        seen: shown.some((style) => style.outlineStyle !== "none" || style.boxShadow !== "none"),
    };
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what is called so has the focus; every stop on the way can be seen."""
    passed = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        passed.append(focus["name"])
        assert focus["seen"] or not focus["name"], f"nothing shows that {focus['name']} has the focus"
        if re.search(name, focus["name"]):
            return
    raise AssertionError(f"Tab never comes to {name}: {passed}")


def press(page: Page, name: str) -> None:
    tab_to(page, name)
    page.keyboard.press("Enter")


def fill(page: Page, name: str, text: str) -> None:
    tab_to(page, name)
    page.keyboard.type(text)


def test_a_customers_journey(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(viewport=WIDE)
    page.goto("/register")
    fill(page, "^Nom$", "Camille Martin")
    fill(page, "^Adresse e-mail", f"clavier-{secrets.token_hex(5)}@example.com")
    fill(page, "^Mot de passe", "une phrase de passe")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/chat")
    fill(page, "^Votre message$", question())
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_count(1)
    chat = f"{site.url}/chat/{case_of(page)}"
    press(page, "Conditions$")
    expect(page.get_by_role("heading", level=1)).to_have_text(site.document)
    page.go_back()
    expect(answers(page)).to_have_count(1)
    press(page, "^Parler à une personne$")
    expect(page.get_by_text("Une personne va vous répondre ici.")).to_be_visible()
    press(page, "^Mes conversations$")
    expect(page).to_have_url(f"{site.url}/conversations")
    press(page, "garantie des portes")
    expect(page).to_have_url(chat)
    page.goto(chat.replace("/chat/", "/conversations/"))
    press(page, "^Terminer la conversation$")
    expect(page.locator("#word")).to_be_visible()
    tab_to(page, "^Oui$")
    page.keyboard.press("Space")
    fill(page, "^Un mot de plus", "Bien")
    press(page, "^Envoyer mon avis$")
    expect(page.locator("#word .note-ok")).to_be_visible()
    press(page, "^Rouvrir la conversation$")
    expect(page).to_have_url(chat)
    press(page, "^Mon compte$")
    expect(page).to_have_url(f"{site.url}/account")
    with page.expect_download() as download:
        press(page, "Télécharger")
    assert download.value.suggested_filename.endswith(".zip")
    press(page, "^Se déconnecter$")
    expect(page).not_to_have_url(re.compile("/account"))


def test_the_keys_of_the_desk(site: Site, new_page: Callable[..., Page]) -> None:
    calm(site)
    cases = []
    for _ in range(2):
        client = site.customer()
        cases.append(client.chat(question())["conversation_id"])
        client.post(f"/api/conversations/{cases[-1]}/handoff", {})
    first, second = cases
    staff = site.staff()
    page = new_page(staff, viewport=WIDE)
    page.goto("/conversations?status=waiting_staff")
    links = page.locator("[data-rows] a.row")
    # Other tests may have left others in the list.
    ids = [str(each.get_attribute("data-id")) for each in page.locator("[data-rows] li").all()]
    assert ids.index(second) == ids.index(first) + 1
    tab_to(page, "Camille Martin")
    for _ in range(ids.index(second)):
        page.keyboard.press("j")
    expect(links.nth(ids.index(second))).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(ids.index(first))).to_be_focused()
    page.keyboard.press("a")
    expect(page.locator("[data-live]")).to_contain_text("Vous suivez la conversation de Camille Martin.")
    expect(links.nth(ids.index(first))).to_be_focused()
    assert staff.conversation(first)["assignee"]["id"] == staff.user["id"]
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(links.nth(ids.index(first))).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("jkra")
    expect(page.get_by_role("searchbox")).to_have_value("jkra")
    tab_to(page, "Camille Martin")
    for _ in range(ids.index(first)):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/conversations/{first}"))
    expect(page.locator("[data-rows] a[aria-current]")).to_be_focused()
    page.keyboard.press("r")
    expect(answer_of(page)).to_be_focused()
    page.keyboard.type("Bonjour, je regarde. j k r a / ?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".by-staff .body")).to_have_text("Bonjour, je regarde. j k r a / ?")
    expect(answer_of(page)).to_be_focused()
    expect(answer_of(page)).to_have_value("")
    switch_off(page)
    tab_to(page, "Camille Martin")
    focused = page.evaluate("document.activeElement.href")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.href") == focused, "switched off, a letter does nothing"


def switch_off(page: Page) -> None:
    page.goto("/conversations")
    press(page, "^Raccourcis$")
    expect(page.get_by_label("Utiliser les raccourcis")).to_be_focused()
    page.keyboard.press("Space")
    press(page, "^Fermer$")
