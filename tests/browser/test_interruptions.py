"""A customer talks over bad networks, through reloads and ended sessions; sent once, answered once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.browser.conversation import (
    DRAFT,
    GROWING,
    SLOWLY,
    TEXT,
    answers,
    lose_answers,
    messages,
    question,
    send,
    word,
    write,
)
from tests.fakes.model_modes import Mode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site


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
    keys = lose_answers(page, "**/api/chat", 1)
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
