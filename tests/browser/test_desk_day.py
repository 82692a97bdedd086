"""A day at the desk: a customer and two people of the firm, each in a browser of their own, on one running stack."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, expect

from tests.browser.conversation import DRAFT, GROWING, SLOWLY, answers, case_of, question, send, word, write
from tests.fakes.model_modes import Mode
from tests.harness.servers import query
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site
    from tests.harness.api import ApiClient

WIDE = {"width": 1280, "height": 900}
ORDER = f"CMD2024-{secrets.randbelow(90000) + 10000}"
ASKED = f"La garantie des portes coulissantes vaut-elle aussi pour ma commande {ORDER} ?"
SAVED = "Bien à vous, toute l'équipe."
OPEN = "SELECT count(*) FROM job WHERE kind IN ('reply', 'image') AND status IN ('queued', 'running')"
CLOSED = re.compile("vient d’être terminée")
REOPENED = re.compile("est rouverte")


@dataclass
class Day:
    """The customer's browser, those of two colleagues, and the case it is all about."""

    site: Site
    client: ApiClient
    billie: ApiClient
    page: Page
    a: Page
    b: Page
    case: str = ""


def named(site: Site, person: ApiClient, name: str) -> ApiClient:
    """Give somebody a name of their own: colleagues are told apart by it."""
    statement = "UPDATE account SET name = %s WHERE id = %s RETURNING name"
    query(site.stack.settings.database_url, statement, [name, person.user["id"]])
    return person


def look(*pages: Page) -> None:
    """Let pages ask the server at once, as they do when somebody comes back to them."""
    for page in pages:
        page.evaluate("dispatchEvent(new Event('pageshow'))")


def mark(*pages: Page) -> None:
    for page in pages:
        page.evaluate("window.stays = true")


def assert_not_reloaded(*pages: Page) -> None:
    assert [page.evaluate("window.stays") for page in pages] == [True] * len(pages)


def row(page: Page, case: str) -> Locator:
    return page.locator(f"[data-id='{case}']")


def answer_of(page: Page) -> Locator:
    return page.get_by_label("Votre réponse au client")


def live(page: Page) -> Locator:
    return page.locator("[data-live]")


def calm(site: Site) -> None:
    """Take the customers whom other tests left waiting off the top of the list, once nothing can put more there."""
    database = site.stack.settings.database_url
    wait_until(lambda: query(database, OPEN) == [(0,)], "the jobs of other tests", evidence=site.stack.tails)
    query(database, "UPDATE conversation SET waiting_since = NULL WHERE waiting_since IS NOT NULL RETURNING id")


def test_a_day_at_the_desk(site: Site, new_page: Callable[..., Page]) -> None:
    calm(site)
    client = site.customer()
    alix, billie = named(site, site.staff(), "Alix Ferrand"), named(site, site.staff(), "Billie Roy")
    alix.post("/api/saved_replies", {"title": "Salutations du jour", "content": SAVED, "language": "fr"})
    page = new_page(client)
    a, b = new_page(alix, viewport=WIDE), new_page(billie, viewport=WIDE)
    for desk in (a, b):
        desk.goto("/conversations")
    mark(a, b)
    day = Day(site, client, billie, page, a, b)
    for act in (_asks, _comes_in, _writes, _helps, _speaks, _takes, _closes, _summary, _word, _search, _mailed):
        act(day)


def _asks(day: Day) -> None:
    """A customer asks, is answered with a source, asks for a person and knows where she stands."""
    page = day.page
    page.goto("/chat")
    mark(page)
    send(page, question())
    expect(answers(page)).to_have_count(1)
    expect(answers(page).locator(".chip")).to_have_attribute("href", re.compile("^/documents/"))
    day.case = case_of(page)
    write(page, ASKED)
    page.get_by_role("button", name="Parler à une personne").click()
    expect(page.locator("[data-standing]")).to_contain_text("Votre demande est la prochaine.")
    expect(page.locator("[data-standing]")).to_contain_text("vous répondra")


def _comes_in(day: Day) -> None:
    """Both see it come, first of all, and are told once."""
    a, b = day.a, day.b
    look(a, b)
    for desk in (a, b):
        expect(desk.locator("[data-list=waiting] li").first).to_have_attribute("data-id", day.case)
        expect(row(desk, day.case).locator(".longest")).to_be_visible()
        expect(live(desk)).to_contain_text("Nouveau message de Camille Martin.")
    assert_not_reloaded(a, b)


def _writes(day: Day) -> None:
    """One writes, the other sees it, and the draft survives."""
    a, b = day.a, day.b
    for desk in (a, b):
        row(desk, day.case).get_by_role("link").click()
        expect(desk.locator(".brief")).to_contain_text(ORDER)
    mark(b)
    answer_of(a).press_sequentially("Bonjour,")
    expect(a.locator("[data-draft-state]")).to_have_text("Brouillon enregistré")
    wait_until(lambda: _is_seen_writing(a, b), "the other to see it")  # who pauses for seconds does not write
    expect(b.locator("[data-writing]")).to_have_text("Alix Ferrand écrit aussi une réponse.")
    a.reload()
    mark(a)
    expect(answer_of(a)).to_have_value("Bonjour,")


def _is_seen_writing(a: Page, b: Page) -> bool:
    answer_of(a).press("Space")
    answer_of(a).press("Backspace")
    look(b)
    return b.locator("[data-writing]").is_visible()


def _helps(day: Day) -> None:
    """The assistant helps with the answer, which a person sends."""
    page, a, b = day.page, day.a, day.b
    a.get_by_role("button", name="Proposer une réponse").click()
    expect(a.locator("[data-proposal-text]")).to_contain_text("cinq ans")
    expect(a.locator("[data-proposal-sources] .chip")).to_have_count(1)
    a.get_by_role("button", name="Ajouter à la suite").click()
    a.get_by_label("Réponse enregistrée").select_option(label="Salutations du jour")
    a.get_by_role("button", name="Insérer").click()
    expect(answer_of(a)).to_have_value(re.compile(f"^Bonjour,\n\n.*cinq ans.*\n\n{SAVED}$", re.DOTALL))
    answer_of(a).press("Control+Enter")
    expect(answer_of(a)).to_have_value("")
    expect(a.locator("#content")).to_be_focused()
    look(page, b)
    for other in (page, b):
        expect(other.locator(".by-staff .body")).to_contain_text(SAVED)
        expect(other.locator(".by-staff .byline")).to_contain_text("Alix Ferrand")
    expect(page.locator("[data-live]")).to_contain_text("Alix Ferrand a écrit")


def _speaks(day: Day) -> None:
    """While the assistant writes a person speaks, and only the person is heard."""
    page, a = day.page, day.a
    mine = word()
    a.get_by_role("button", name="Rendre la parole à l’assistant").click()
    expect(a.get_by_role("button", name="Mettre l’assistant en pause")).to_be_visible()
    expect(a.locator("#case")).to_be_focused()
    day.site.model.set(Mode.ANSWER, match=mine, text=GROWING, token_delay=SLOWLY, times=1)
    look(page)
    send(page, question(mine))
    expect(page.locator(DRAFT)).to_contain_text("La garantie")
    answer_of(a).fill("Je vous réponds moi-même.")
    a.get_by_role("button", name="Envoyer", exact=True).click()
    expect(page.locator(DRAFT)).to_have_count(0)
    expect(page.locator(".by-staff .body").last).to_have_text("Je vous réponds moi-même.")
    day.site.model.hurry()
    said = day.client.conversation(day.case)["messages"]
    last = [each for each in said if each["role"] == "assistant"][-1]
    assert (last["outcome"], "a pris le relais" in last["content"]) == ("handed_over", True)
    assert "restons à votre écoute" not in page.locator("[data-log]").inner_text()


def _takes(day: Day) -> None:
    """A colleague takes the case, the customer rates the first answer."""
    page, a, b = day.page, day.a, day.b
    b.get_by_role("button", name="Prendre en charge").click()
    expect(b.locator("#assignee")).to_have_value(day.billie.user["id"])
    expect(b.locator("#case")).to_be_focused()
    look(a)
    expect(a.locator("#assignee")).to_have_value(day.billie.user["id"])
    page.get_by_role("button", name="Cette réponse m’a aidé").first.click()
    expect(page.locator("[data-said]").first).to_have_text("Merci, c’est noté.")
    mark(b)
    look(b)
    expect(b.locator(".opinion")).to_have_text("Le client a trouvé cette réponse utile.")
    rated = answers(page).first
    rated.get_by_role("button", name="Cette réponse ne m’a pas aidé").click()
    rated.get_by_label("Ce qui manquait ou n’allait pas").fill("Trop <b>court</b>")
    rated.get_by_role("button", name="Envoyer").click()
    look(b)
    expect(b.locator(".opinion")).to_have_text("Le client n’a pas trouvé cette réponse utile. Trop <b>court</b>")
    assert_not_reloaded(b)


def _closes(day: Day) -> None:
    """Closed by one, it is closed for all, and said once."""
    page, a, b = day.page, day.a, day.b
    a.locator(".case-close summary").click()
    a.get_by_role("button", name="Oui, terminer").click()
    expect(a.locator("[data-closed]")).to_be_visible()
    expect(a.locator("#closed")).to_be_focused()
    look(page, b)
    for other in (page, b):
        expect(other.locator("[data-closed]")).to_be_visible()
        expect(live(other).get_by_text(CLOSED)).to_have_count(1)
    expect(page.get_by_label("Votre message")).to_be_hidden()
    expect(answer_of(b)).to_be_hidden()
    look(page, b)
    assert_not_reloaded(page, b)


def _summary(day: Day) -> None:
    """Its summary is there, with its fields, and can be corrected."""
    a = day.a
    expect(a.locator(".case .facts-list").get_by_text(ORDER)).to_be_visible()
    expect(a.locator(".summary-text")).to_contain_text("garantie")
    a.get_by_text("Corriger le résumé").click()
    a.get_by_role("textbox", name="Résumé").fill("La garantie de cinq ans est confirmée.")
    a.get_by_label("Produit").fill("porte coulissante")
    a.get_by_role("button", name="Enregistrer le résumé").click()
    expect(a.locator(".summary-text")).to_have_text("La garantie de cinq ans est confirmée.")
    expect(a.locator(".case .facts-list").get_by_text("porte coulissante")).to_be_visible()


def _word(day: Day) -> None:
    """The customer leaves a word and reopens."""
    page, b = day.page, day.b
    page.get_by_role("link", name="Résumé et avis").click()
    expect(page.locator(".summary-text")).to_have_text("La garantie de cinq ans est confirmée.")
    page.get_by_label("Oui").check()
    page.get_by_label("Un mot de plus").fill("Réponse rapide")
    page.get_by_role("button", name="Envoyer mon avis").click()
    expect(page.locator("#word .note-ok")).to_be_visible()
    page.get_by_role("button", name="Rouvrir la conversation").click()
    expect(page.get_by_label("Votre message")).to_be_visible()
    look(b)
    expect(answer_of(b)).to_be_visible()
    expect(live(b).get_by_text(REOPENED)).to_have_count(1)
    assert_not_reloaded(b)
    b.reload()
    expect(b.get_by_text("Réponse rapide")).to_be_visible()


def _search(day: Day) -> None:
    """The order number finds the case, and it alone."""
    b = day.b
    b.get_by_role("searchbox").fill(ORDER)
    b.get_by_role("searchbox").press("Enter")
    expect(b.locator("[data-rows] li")).to_have_count(1)
    expect(row(b, day.case)).to_be_visible()


def _mailed(day: Day) -> None:
    """The customer was mailed once for each turn of a person and once for the closing."""
    wait_until(
        lambda: sum(letters(day.site, day.client.email).values()) >= 3, "three mails", evidence=day.site.stack.tails
    )
    assert sorted(letters(day.site, day.client.email).values()) == [1, 2]


def letters(site: Site, reader: str) -> Counter[str]:
    """The subjects of the mails to somebody, counted."""
    folder = site.stack.settings.data_dir / "mail"
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in folder.glob("*.eml")]
    return Counter(str(letter["Subject"]) for letter in found if letter["To"] == reader)
