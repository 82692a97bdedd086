"""JavaScript off: the customer's journey from the first page to the export, and a case at the desk to its end."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conversation import answers, question, send
from tests.browser.test_desk_day import WIDE, answer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Site


def test_a_customers_journey(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/register")
    page.get_by_label("Nom", exact=True).fill("Camille Martin")
    page.get_by_label("Adresse e-mail").fill(f"sans-script-{secrets.token_hex(5)}@example.com")
    page.get_by_label("Mot de passe").fill("une phrase de passe")
    page.get_by_role("button", name="Créer mon compte").click()
    expect(page).to_have_url(f"{site.url}/chat")
    send(page, question())
    expect(page).to_have_url(re.compile("/chat/."))
    chat = page.url.partition("?")[0]
    expect(answers(page)).to_have_count(1)  # the page that waits reloads itself
    page.locator(".chip").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(site.document)
    page.goto(chat)
    page.get_by_role("button", name="Cette réponse m’a aidé").click()
    expect(page.get_by_role("button", name="Cette réponse m’a aidé")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Parler à une personne").click()
    expect(page.get_by_text("Une personne va vous répondre ici.")).to_be_visible()
    expect(page.locator("[data-standing]")).to_contain_text("vous répondra")
    send(page, "Mon colis est vide")
    expect(page.locator(".by-client .body").last).to_have_text("Mon colis est vide")
    page.goto(chat.replace("/chat/", "/conversations/"))
    page.get_by_role("button", name="Terminer la conversation").click()
    expect(page.get_by_role("button", name="Rouvrir la conversation")).to_be_visible()
    page.goto(chat)
    expect(page.get_by_text("Cette conversation est terminée.")).to_be_visible()
    expect(page.get_by_label("Votre message")).to_be_hidden()
    page.get_by_role("link", name="Résumé et avis").click()
    page.get_by_label("Non").check()
    page.get_by_role("button", name="Envoyer mon avis").click()
    expect(page.locator("#word .note-ok")).to_be_visible()
    for name, ending in (("la lettre, à lire ou imprimer", ".html"), ("un fichier pour un autre logiciel", ".json")):
        with page.expect_download() as copy:
            page.get_by_role("link", name=name).click()
        assert copy.value.suggested_filename.endswith(ending)
    page.get_by_role("button", name="Rouvrir la conversation").click()
    expect(page.get_by_label("Votre message")).to_be_visible()
    page.goto("/account")
    page.get_by_label("Téléphone").fill("06 12 34 56 78")
    page.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("status")).to_be_visible()
    with page.expect_download() as everything:
        page.get_by_role("link", name="Télécharger mes données").click()
    assert everything.value.suggested_filename.endswith(".zip")


def test_a_case_at_the_desk(site: Site, new_page: Callable[..., Page]) -> None:
    client, staff = site.customer(), site.staff()
    client.ask(question())
    case = client.chat(question())["conversation_id"]
    client.post(f"/api/conversations/{case}/handoff", {})
    staff.post("/api/saved_replies", {"title": "Sans script", "content": "Cordialement.", "language": "fr"})
    page = new_page(staff, viewport=WIDE, java_script_enabled=False)
    page.goto("/conversations")
    page.locator(f"[data-id='{case}'] a").click()
    expect(page.locator(".brief")).to_be_visible()
    answer_of(page).fill("Bonjour,")
    page.get_by_role("button", name="Proposer une réponse").click()
    expect(page).to_have_url(re.compile("proposal="))
    job = page.locator("[data-proposal]").get_attribute("data-job") or ""
    if job:  # else it was ready at once
        assert staff.wait_job(job)["status"] == "succeeded"
        page.get_by_role("link", name="Actualiser").click()
    use = page.get_by_role("button", name="Remplacer mon texte")
    expect(answer_of(page)).to_have_value("Bonjour,")
    use.click()
    expect(answer_of(page)).to_have_value(re.compile("cinq ans"))
    page.get_by_label("Réponse enregistrée").select_option(label="Sans script")
    page.get_by_role("button", name="Insérer").click()
    expect(answer_of(page)).to_have_value(re.compile("cinq ans.*\n\nCordialement.$", re.DOTALL))
    page.get_by_role("button", name="Envoyer", exact=True).click()
    expect(page.locator(".by-staff .body")).to_contain_text("Cordialement.")
    page.locator("#assignee").select_option(label="Personne")
    page.get_by_role("button", name="Attribuer").click()
    page.get_by_role("button", name="Prendre en charge").click()
    expect(page.locator("#assignee")).to_have_value(staff.user["id"])
    page.locator(".case-close summary").click()
    page.get_by_role("button", name="Oui, terminer").click()
    expect(answer_of(page)).to_be_hidden()
    staff.request("PUT", f"/api/conversations/{case}/summary", json={"summary": "Répondu."})
    page.reload()
    page.get_by_text("Corriger le résumé").click()
    page.get_by_label("Produit").fill("porte " * 60)
    page.get_by_label("Produit").evaluate("(field) => field.removeAttribute('maxlength')")
    page.get_by_label("Produit").fill("porte " * 60)
    page.get_by_role("button", name="Enregistrer le résumé").click()
    expect(page.locator("#product-error")).to_be_visible()
    page.get_by_label("Produit").fill("porte")
    page.get_by_role("button", name="Enregistrer le résumé").click()
    expect(page.get_by_text("C’est enregistré.")).to_be_visible()
    page.get_by_role("button", name="Rouvrir").click()
    expect(answer_of(page)).to_be_visible()
