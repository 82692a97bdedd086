"""A customer talks: with the keyboard, over bad networks, through reloads; sent once, answered once."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, Route, expect

from tests.fakes.model_modes import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site
    from tests.harness.api import ApiClient, Json

GROWING = (
    "La garantie des portes coulissantes dure cinq ans à compter de la livraison [1]. Nous restons à votre écoute."
)
TEXT = "La garantie des portes coulissantes, combien de temps dure-t-elle ?"
# No link and no number in them: the sentence that states one is withheld before anybody sees it.
HOSTILE = (
    "<script>alert(document.cookie)</script>",
    '<img src=x onerror="alert(document.cookie)">',
    '<iframe srcdoc="<script>alert(document.cookie)</script>"></iframe>',
    "[cliquez ici](javascript:alert(document.cookie))",
)
LIVE = ":is(script, img, iframe, [onerror], a[href^='javascript'])"
SLOWLY = 1.5  # seconds a token: a draft stays in sight until the test lets the rest come at once
DRAFT = "[data-draft-of] .body"


def word() -> str:
    """Letters that make a question this test's own."""
    return "mot" + "".join(secrets.choice("abcdefghijklm") for _ in range(10))


def question(mine: str = "") -> str:
    """Something the documents answer."""
    return f"Combien de temps dure la garantie des portes coulissantes ? {mine or word()}"


def write(page: Page, text: str) -> None:
    page.get_by_label("Votre message").fill(text)


def send(page: Page, text: str) -> None:
    write(page, text)
    page.get_by_role("button", name="Envoyer").click()


def answers(page: Page) -> Locator:
    return page.locator("[data-log] .by-assistant:not(.is-draft)")


def case_of(page: Page) -> str:
    """The conversation of a chat page, once it has begun: until then its address names none."""
    expect(page).to_have_url(re.compile("/chat/[0-9a-f-]{36}$"))
    return page.url.rpartition("/")[2]


def messages(client: ApiClient, page: Page) -> list[Json]:
    found: list[Json] = client.conversation(case_of(page))["messages"]
    return found


def test_a_question_is_answered_in_place(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    expect(page.get_by_text("Vous parlez à un programme.")).to_be_visible()
    send(page, question())
    expect(answers(page)).to_have_count(1)
    expect(page.locator(".by-client .life")).to_contain_text("Répondu")
    expect(page.locator("[data-live]")).to_contain_text("Réponse de l'assistant")
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
    expect(page.locator(".by-client .life")).to_contain_text("L'assistant écrit")
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


def test_a_reload_while_waiting_loses_nothing(site: Site, new_page: Callable[..., Page]) -> None:
    client, mine = site.customer(), word()
    site.model.set(Mode.ANSWER, match=mine, text=GROWING, token_delay=SLOWLY)
    page = new_page(client)
    page.goto("/chat")
    send(page, question(mine))
    expect(page.locator(DRAFT)).to_contain_text("La")
    page.reload()
    expect(page.locator(DRAFT)).to_contain_text("La garantie")
    site.model.hurry()
    expect(answers(page)).to_contain_text([GROWING])
    assert [each["role"] for each in messages(client, page)] == ["client", "assistant"]


def test_pressing_twice_sends_once(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    write(page, question())
    page.get_by_role("button", name="Envoyer").dblclick()
    page.get_by_label("Votre message").press("Enter")
    expect(answers(page)).to_have_count(1)
    write(page, question())
    page.get_by_label("Votre message").press("Enter")
    page.get_by_label("Votre message").press("Enter")
    expect(answers(page)).to_have_count(2)
    assert [each["role"] for each in messages(client, page)].count("client") == 2


def test_an_answer_that_got_lost_is_asked_for_again_under_the_same_key(
    site: Site, new_page: Callable[..., Page]
) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    keys = []

    def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()  # the server takes it
            route.abort()  # nobody hears of it
        else:
            route.continue_()

    page.route("**/api/chat", lose_the_first)
    send(page, question())
    expect(answers(page)).to_have_count(1)
    assert len(keys) >= 2  # one more where the machine is slow
    assert len(set(keys)) == 1
    assert [each["role"] for each in messages(client, page)] == ["client", "assistant"]


def test_no_network_keeps_the_text_and_sends_it_when_it_is_back(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    send(page, question())
    expect(answers(page)).to_have_count(1)
    page.context.set_offline(True)
    expect(page.locator("[data-link-status]")).to_contain_text("plus connecté")
    again = question()
    send(page, again)
    expect(page.locator("[data-composer-alert]")).to_contain_text("conservé ici")
    expect(page.get_by_label("Votre message")).to_have_value(again)
    page.context.set_offline(False)
    expect(answers(page)).to_have_count(2)
    expect(page.locator("[data-composer-alert]")).to_be_hidden()
    expect(page.locator("[data-live]")).to_contain_text("La liaison est rétablie.")
    assert [each["role"] for each in messages(client, page)].count("client") == 2


def test_a_message_not_yet_sent_survives_the_reload(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    page.route("**/api/chat", lambda route: route.abort())
    send(page, question())
    expect(page.locator("[data-composer-alert]")).to_be_visible()
    page.unroute("**/api/chat")
    page.reload()
    expect(answers(page)).to_have_count(1)
    assert [each["role"] for each in messages(client, page)].count("client") == 1


def test_a_draft_survives_the_reload(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(site.customer())
    page.goto("/chat")
    page.get_by_label("Votre message").press_sequentially("À moitié")
    page.get_by_label("Votre message").press("Shift+Enter")
    page.get_by_label("Votre message").press_sequentially("écrit")
    page.reload()
    expect(page.get_by_label("Votre message")).to_have_value("À moitié\nécrit")
    expect(page.locator(".by-client")).to_have_count(0)


def test_a_session_that_ends_while_typing_keeps_the_text(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    page.context.clear_cookies()
    send(page, TEXT)
    expect(page.locator("[data-composer-alert]")).to_contain_text("Votre session est terminée")
    expect(page.get_by_label("Votre message")).to_have_value(TEXT)
    page.get_by_role("link", name="Se connecter et revenir").click()
    expect(page).to_have_url(re.compile("/login"))
    assert "garantie" not in page.url
    page.get_by_label("Adresse e-mail").fill(client.email)
    page.get_by_label("Mot de passe").fill(client.password)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_label("Votre message")).to_have_value(TEXT)
    page.get_by_role("button", name="Envoyer").click()
    expect(answers(page)).to_have_count(1)


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


def test_a_text_given_back_after_signing_in_is_sent_once(site: Site, new_page: Callable[..., Page]) -> None:
    """The form went out without scripts, the session had ended, and scripts take over on the way back."""
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    page.context.clear_cookies()
    page.evaluate(
        "(text) => { document.querySelector('#message').value = text; document.querySelector('#composer').submit(); }",
        TEXT,
    )
    expect(page.get_by_text("Votre texte est conservé.")).to_be_visible()
    page.get_by_label("Adresse e-mail").fill(client.email)
    page.get_by_label("Mot de passe").fill(client.password)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_label("Votre message")).to_have_value(TEXT)
    expect(page).to_have_url(f"{site.url}/chat")
    page.reload()
    expect(page.get_by_label("Votre message")).to_have_value(TEXT)
    page.get_by_label("Votre message").press("Enter")
    expect(answers(page)).to_have_count(1)
    assert [each["role"] for each in messages(client, page)].count("client") == 1


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
