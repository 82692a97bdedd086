"""What assistive technology is told: names, roles and order of what people meet, and what is said aloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser.conversation import answers, question, send
from tests.browser.test_desk_day import WIDE, answer_of, live, look

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.conftest import Site

# An aria snapshot matches when its lines are there, in this order; a name in slashes is a pattern.
CHAT = """
- link "Aller au contenu"
- banner:
  - navigation "Navigation principale"
- main:
  - heading "Discuter" [level=1]
  - paragraph:
    - strong: Vous parlez à un programme.
  - button "Parler à une personne"
  - status
  - region "Conversation":
    - list:
      - listitem:
        - text: /Vous .*garantie/
      - listitem:
        - list "Sources de cette réponse":
          - listitem:
            - link /1 Conditions/
        - form "Cette réponse vous a-t-elle aidé ?":
          - button "Cette réponse m’a aidé"
          - button "Cette réponse ne m’a pas aidé"
  - textbox "Votre message"
  - button "Envoyer"
- contentinfo
"""
DESK = """
- main:
  - status
  - region "Conversations":
    - search "Filtrer":
      - searchbox "Rechercher"
    - region "Une personne est attendue":
      - heading "Une personne est attendue" [level=2]
      - list:
        - listitem:
          - link /Non lu|Camille Martin/
  - region /garantie/:
    - heading /garantie/ [level=1]
    - region "Messages":
      - list
    - textbox "Votre réponse au client"
    - button "Proposer une réponse"
    - button "Envoyer"
  - complementary "Le dossier":
    - heading "Le dossier" [level=2]
    - heading "Pourquoi une personne" [level=3]
    - combobox "Suivi par"
    - button "Prendre en charge"
"""


def test_what_is_told(site: Site, new_page: Callable[..., Page]) -> None:
    client, staff = site.customer(), site.staff()
    page, desk = new_page(client, viewport=WIDE), new_page(staff, viewport=WIDE)
    page.goto("/chat")
    send(page, question())
    expect(answers(page)).to_have_count(1)
    expect(page.locator("body")).to_match_aria_snapshot(CHAT)
    for said in ("Message envoyé.", "Réponse de l’assistant :"):
        expect(live(page)).to_contain_text(said)
    page.get_by_role("button", name="Parler à une personne").click()
    expect(page.get_by_text("Une personne va vous répondre ici.")).to_be_visible()
    desk.goto(page.url.replace("/chat/", "/conversations/"))
    expect(desk.locator("body")).to_match_aria_snapshot(DESK)
    answer_of(desk).fill("Je regarde.")
    desk.get_by_role("button", name="Envoyer", exact=True).click()
    # Another case of the same desk may be told of too: what matters is that this is said, and once.
    expect(live(desk).get_by_text("Réponse envoyée.", exact=True)).to_have_count(1)
    look(page)
    expect(live(page)).to_contain_text("a écrit : Je regarde.")
    expect(page.get_by_role("status")).to_have_count(1)
    expect(desk.get_by_role("status")).to_have_count(1)


def test_motion_is_reduced(site: Site, new_page: Callable[..., Page]) -> None:
    page = new_page(site.customer(), reduced_motion="reduce")
    page.goto("/chat")
    send(page, question())
    expect(answers(page)).to_have_count(1)
    longest = page.evaluate(
        """() => Math.max(...Array.from(document.querySelectorAll("*"), (each) => {
            const { transitionDuration, animationDuration, scrollBehavior } = getComputedStyle(each);
            const seconds = `${transitionDuration},${animationDuration}`.split(",").map(Number.parseFloat);
            return scrollBehavior === "smooth" ? 9 : Math.max(...seconds);
        }))"""
    )
    assert longest <= 0.01
