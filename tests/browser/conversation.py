"""What a customer does on the chat page, and what can be read of it."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from playwright.sync_api import Locator, Page, Route, expect

if TYPE_CHECKING:
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


def lose_answers(page: Page, path: str, count: int) -> list[str]:
    """Let the first request reach the server and nobody hear of it, nor of `count` in all; the keys that were sent."""
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            route.fetch()
        if len(keys) <= count:
            route.abort()
        else:
            route.continue_()

    page.route(path, lose)
    return keys
