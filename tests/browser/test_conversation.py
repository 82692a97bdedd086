"""A customer talks: with the keyboard, in place, with the assistant and with people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, Route, expect

from tests.browser.conversation import (
    DRAFT,
    GROWING,
    HOSTILE,
    LIVE,
    SLOWLY,
    answers,
    case_of,
    question,
    send,
    word,
)
from tests.fakes.model_modes import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site


def test_a_question_is_answered_in_place(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    expect(page.get_by_text("Vous parlez à un programme.")).to_be_visible()
    send(page, question())
    expect(answers(page)).to_have_count(1)
    expect(page.locator(".by-client .life")).to_contain_text("Répondu")
    expect(page.locator("[data-live]")).to_contain_text("Réponse de l’assistant")
    expect(page.get_by_label("Votre message")).to_have_value("")
    assert case_of(page)
    page.reload()
    expect(answers(page)).to_have_count(1)
    expect(page.locator(".by-client .life")).to_contain_text("Répondu")


def test_the_reply_grows_in_place_and_nothing_jumps(site: Site, new_page: Callable[..., Page]) -> None:
    client, mine = site.customer(), word()
    site.model.set(Mode.ANSWER, match=mine, text=GROWING, token_delay=SLOWLY)
    page = new_page(client)
    page.goto("/chat")
    page.evaluate(
        """() => {
            window.seen = [];
            new MutationObserver(() => {
                const draft = document.querySelector("[data-draft-of] .body");
                if (draft) window.seen.push(draft.textContent);
            }).observe(document.querySelector("[data-log]"), { childList: true, subtree: true, characterData: true });
        }"""
    )
    send(page, question(mine))
    expect(page.locator(".by-client .life")).to_contain_text("L’assistant écrit")
    expect(page.locator(DRAFT)).to_contain_text("La garantie")
    expect(page.locator(DRAFT)).to_contain_text("portes coulissantes")
    focused = page.evaluate("document.activeElement.name || document.activeElement.className")
    top = page.locator(".by-client").bounding_box()
    site.model.hurry()
    expect(answers(page)).to_contain_text([GROWING])
    after = page.locator(".by-client").bounding_box()
    assert top
    assert after
    assert top["y"] == after["y"]
    assert page.evaluate("document.activeElement.name || document.activeElement.className") == focused
    lengths = [len(text) for text in page.evaluate("window.seen")]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 1
    expect(page.locator(DRAFT)).to_have_count(0)


def test_a_person_joins_without_a_reload(site: Site, new_page: Callable[..., Page]) -> None:
    client, staff = site.customer(), site.staff()
    page = new_page(client)
    page.goto("/chat")
    send(page, question())
    expect(answers(page)).to_have_count(1)
    page.get_by_role("button", name="Parler à une personne").click()
    expect(page.get_by_text("Une personne va vous répondre ici.")).to_be_visible()
    staff.post(f"/api/conversations/{case_of(page)}/messages", {"content": "Bonjour, je regarde."})
    expect(page.locator(".by-staff .body")).to_have_text("Bonjour, je regarde.")
    expect(page.locator(".by-staff .byline")).to_contain_text(staff.user["name"])
    expect(page.get_by_text("Une personne suit votre conversation.")).to_be_visible()
    expect(page.locator("[data-live]")).to_contain_text("Une personne a rejoint la conversation.")


def test_a_person_can_be_asked_for_at_once(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    page.get_by_role("button", name="Parler à une personne").click()
    expect(page.locator("[data-person-note]")).to_be_visible()
    page.keyboard.type("Mon colis est vide")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Une personne va vous répondre ici.")).to_be_visible()
    assert client.conversation(case_of(page))["status"] == "waiting_staff"


def test_hostile_words_of_the_model_do_nothing(site: Site, new_page: Callable[..., Page]) -> None:
    """Each in a conversation of its own: two questions without an answer in a row would be a person's."""
    client, staff = site.customer(), site.staff()
    page, desk = new_page(client), new_page(staff)
    for said in HOSTILE:
        mine = word()
        site.model.set(Mode.ANSWER, match=mine, text=f"{GROWING} {said}")
        page.goto("/chat")
        send(page, question(mine))
        expect(page.locator(".by-client .life")).to_contain_text("Répondu")
        desk.goto(f"/conversations/{case_of(page)}")
        for seen in (page, desk):
            expect(answers(seen)).to_have_count(1)
            expect(answers(seen).locator(".body")).to_contain_text(said)  # the very words, as words
            expect(seen.locator(".body").locator(LIVE)).to_have_count(0)


def test_a_reply_longer_than_the_window_stays_at_its_first_line(site: Site, new_page: Callable[..., Page]) -> None:
    """Whoever reads a draft that grows beyond the window is not carried to its end."""
    client, mine = site.customer(), word()
    site.model.set(Mode.ANSWER, match=mine, text=GROWING, token_delay=SLOWLY)
    page = new_page(client)
    page.goto("/chat")
    grown = []

    def grow(route: Route) -> None:
        answer = route.fetch()
        job = answer.json() if answer.status == 200 else {}
        if job.get("status") == "running" and job["partial_text"]:
            grown.append(1)
            job["partial_text"] = "\n".join(f"Ligne {number}" for number in range(20 * len(grown)))
        route.fulfill(response=answer, json=job) if job else route.fulfill(response=answer)

    page.route("**/api/jobs/*", grow)
    send(page, question(mine))
    expect(page.locator(DRAFT)).to_contain_text("Ligne 59")
    expect(page.locator("[data-draft-of] .byline")).to_be_in_viewport()
    site.model.hurry()
    expect(page.locator(DRAFT)).to_have_count(0)
