"""Whatever is written and however large the letters, what one needs is in sight and can be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conversation import question

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site
    from tests.harness.api import ApiClient

PHONE, LOW = {"width": 390, "height": 844}, {"width": 1280, "height": 620}
LONG = "\n".join(f"Ligne {n} de la réponse." for n in range(14))
TALLEST = "() => document.querySelector('.talk-scroller').clientHeight"
TWICE = "() => { document.documentElement.style.fontSize = '32px' }"
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _case(client: ApiClient) -> str:
    case: str = client.get("/api/conversations").json()["items"][0]["id"]
    return case


@pytest.mark.parametrize("size", [PHONE, LOW], ids=["phone", "low"])
def test_a_long_answer_leaves_room(site: Site, new_page: Callable[..., Page], size: dict[str, int]) -> None:
    client, staff = site.customer(), site.staff()
    client.ask(question())
    page = new_page(staff, viewport=size)
    page.goto(f"/conversations/{_case(client)}")
    answer = page.get_by_label("Votre réponse au client")
    answer.fill(LONG)
    page.get_by_role("button", name="Proposer une réponse").click()
    ignoring = page.get_by_role("button", name="Ignorer")
    expect(ignoring).to_be_visible()
    expect(page.get_by_role("button", name="Envoyer", exact=True)).to_be_in_viewport(ratio=1)
    assert page.evaluate(TALLEST) > 60, "something of the conversation is read beside it"
    ignoring.click()
    expect(page.locator("[data-proposal]")).to_be_hidden()
    expect(answer).to_have_value(LONG)


def test_letters_twice_as_large_fit_a_phone(site: Site, new_page: Callable[..., Page]) -> None:
    client, staff = site.customer(), site.staff()
    client.ask(question())
    case = _case(client)
    for who, paths in ((client, ("/chat", f"/chat/{case}", "/conversations")), (staff, ("/conversations",))):
        page = new_page(who, viewport=PHONE)
        for path in paths:
            page.goto(path)
            page.evaluate(TWICE)
            assert page.evaluate(SIDEWAYS) == 0, path
            expect(page.locator(".menu-button")).to_be_in_viewport(ratio=1)


def test_a_new_chat_begins_at_its_beginning(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(site.customer(), viewport={"width": 360, "height": 480})
    page.goto("/chat")
    expect(page.get_by_role("heading", name="Posez votre question")).to_be_in_viewport()


def test_a_hand_over_by_the_assistant_is_told_whole(site: Site, new_page: Callable[..., Page]) -> None:
    """A person is to answer, and the assistant still may: neither is passed over in silence."""
    page = new_page(site.customer())
    page.goto("/chat")
    page.get_by_label("Votre message").fill("Je sens une odeur de gaz près du poêle")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_text("Une personne va vous répondre ici.")).to_be_visible()
    expect(page.locator(".meanwhile")).to_be_visible()
    expect(page.get_by_text("Vous parlez à un programme.")).to_be_hidden()
    page.reload()
    expect(page.get_by_text("Une personne va vous répondre ici.")).to_be_visible()
    expect(page.locator(".meanwhile")).to_be_visible()
