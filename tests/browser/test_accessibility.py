"""axe-core finds nothing to say: every page, both themes, phone and desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.harness.servers import query
from webapp.domain import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.conftest import Site
    from tests.harness.api import ApiClient

THEMES = ("light", "dark")
SIZES = ({"width": 390, "height": 844}, {"width": 1280, "height": 900}, {"width": 320, "height": 256})
DESK_SIZE = SIZES[1]
FOR_VISITORS = (
    *("/login", "/register", "/forgot", "/welcome/no-such-link"),
    *("/privacy", "/legal", "/accessibility", "/nothing-here"),
)
FOR_ADMINS = ("/people", "/settings", "/account")  # staff are refused by a page that is looked at as well


@pytest.fixture(scope="package")
def answered(site: Site) -> tuple[ApiClient, str]:
    """A customer with one answered conversation, one that a person follows, and one that is closed."""
    client, staff = site.customer(), site.staff()
    client.ask("Bonjour, où est mon colis ?")
    followed = client.ask("Bonjour, puis-je changer mon adresse ?")["result"]["message"]
    client.post("/api/close_conversation", {"conversation_id": _conversation(site, followed["id"])})
    first = client.ask("Bonjour, comment renvoyer un article ?")["result"]["message"]
    conversation = _conversation(site, first["id"])
    staff.post(f"/api/conversations/{conversation}/messages", {"content": "Bonjour, **je regarde**."})
    return client, conversation


def _conversation(site: Site, message: str) -> str:
    rows = query(site.stack.settings.database_url, "SELECT conversation_id FROM message WHERE id = %s", [message])
    return str(rows[0][0])


def assert_no_violation(page: Page) -> None:
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def assert_fits(page: Page) -> None:
    """Nothing makes the page scroll sideways."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


@pytest.mark.parametrize("theme", THEMES)
def test_pages_for_visitors(new_page: Callable[..., Page], theme: str) -> None:
    for size in SIZES:
        page = new_page(color_scheme=theme, viewport=size)
        for path in FOR_VISITORS:
            page.goto(path)
            assert_no_violation(page)
            assert_fits(page)


@pytest.mark.parametrize("theme", THEMES)
def test_pages_for_customers(answered: tuple[ApiClient, str], new_page: Callable[..., Page], theme: str) -> None:
    client, conversation = answered
    for size in SIZES:
        page = new_page(client, color_scheme=theme, viewport=size)
        for path in ("/chat", f"/chat/{conversation}", "/conversations", "/conversations?status=new",
                     f"/conversations/{conversation}", "/account", "/account/erase"):  # fmt: skip
            page.goto(path)
            assert_no_violation(page)
            assert_fits(page)


@pytest.mark.parametrize("theme", THEMES)
def test_pages_for_the_firm(
    site: Site, answered: tuple[ApiClient, str], new_page: Callable[..., Page], theme: str
) -> None:
    _, conversation = answered
    for role in (Role.STAFF, Role.ADMIN):
        for size in SIZES:
            page = new_page(site.staff(role), color_scheme=theme, viewport=size)
            for path in (*FOR_ADMINS, "/conversations", f"/conversations/{conversation}", "/knowledge"):
                page.goto(path)
                assert_no_violation(page)
                assert_fits(page)


@pytest.mark.parametrize("theme", THEMES)
def test_what_scripts_show(site: Site, new_page: Callable[..., Page], theme: str) -> None:
    page = new_page(site.customer(), color_scheme=theme)
    page.goto("/chat")
    page.get_by_role("button", name="Menu").click()
    assert_no_violation(page)
    page.keyboard.press("Escape")
    page.get_by_label("Votre message").fill("Bonjour")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator(".by-assistant:not(.is-draft)")).to_have_count(1)
    page.context.set_offline(True)
    page.get_by_label("Votre message").fill("Encore")
    page.get_by_label("Votre message").press("Enter")
    expect(page.locator("[data-composer-alert]")).to_be_visible()
    expect(page.locator("[data-link-status]")).to_be_visible()
    assert_no_violation(page)
    page.context.set_offline(False)
    page.emulate_media(reduced_motion="reduce")
    # Not wait_for_function: it evaluates text in the page, which the page's own policy forbids.
    page.evaluate("Promise.allSettled(document.getAnimations().map(animation => animation.finished))")


def test_printing_is_a_letter(answered: tuple[ApiClient, str], new_page: Callable[..., Page]) -> None:
    client, conversation = answered
    page = new_page(client, viewport=DESK_SIZE)
    page.goto(f"/conversations/{conversation}")
    page.emulate_media(media="print")
    for unseen in ("nav", "form", ".back"):
        for part in page.locator(unseen).all():
            expect(part).to_be_hidden()
    expect(page.locator(".by-staff .body")).to_be_visible()
