"""axe-core finds nothing to say: every page, both themes, phone and desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page, expect

from tests.harness.servers import query
from webapp.app import create_app
from webapp.domain import Role
from webapp.routes import access

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.browser.conftest import Site
    from tests.harness.api import ApiClient

WIDE, PHONE, ZOOMED = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 320, "height": 256}
RUN_AXE = "axe.run({resultTypes: ['violations']})"
# What each role is shown; what anyone may open is looked at as a visitor, what staff may as staff.
MAY = {
    "visitor": ("anyone",),
    "client": ("signed_in", "client"),
    "staff": ("signed_in", "staff"),
    "admin": ("admin",),
}
# Pages that no route lists: what is not there, what is refused, a list that is filtered, a case closed.
MORE = {
    "visitor": ("/nothing-here",),
    "client": (
        "/conversations?status=new",
        "/conversations?q=rien",
        "/dashboard",
        "/chat/{closed}",
        "/conversations/{closed}",
    ),
    "staff": ("/people", "/conversations?q=rien", "/conversations/{closed}"),
    "admin": ("/settings?saved=1", "/knowledge", "/account"),
}
EXAMPLES = {"secret": "no-such-link", "wanted": "fr"}  # what stands for the other arguments is of the stack


@dataclass(frozen=True, slots=True)
class Answered:
    """A customer with one answered conversation that a person follows, and one that is closed."""

    client: ApiClient
    known: dict[str, str]


@pytest.fixture(scope="package")
def answered(site: Site) -> Answered:
    client, staff = site.customer(), site.staff()
    client.ask("Bonjour, où est mon colis ?")
    closed = _conversation(site, client.ask("Bonjour, puis-je changer mon adresse ?")["result"]["message"]["id"])
    client.post("/api/close_conversation", {"conversation_id": closed})
    first = client.ask("Combien de temps dure la garantie ?")["result"]["message"]
    conversation = _conversation(site, first["id"])
    staff.post(f"/api/conversations/{conversation}/messages", {"content": "Bonjour, **je regarde**."})
    document = site.staff().get("/api/knowledge/documents").json()["items"][0]["id"]
    nothing = "00000000-0000-7000-8000-000000000000"
    known = {"conversation_id": conversation, "closed": closed, "document_id": document, "message_id": first["id"]}
    return Answered(client, known | {"attachment_id": nothing})


def _conversation(site: Site, message: str) -> str:
    rows = query(site.stack.settings.database_url, "SELECT conversation_id FROM message WHERE id = %s", [message])
    return str(rows[0][0])


def assert_no_violation(page: Page) -> None:
    page.evaluate(AXE_SCRIPT)
    results = AxeResults(page.evaluate(RUN_AXE))
    assert results.violations_count == 0, results.generate_report()


def _paths(site: Site, role: str, known: Mapping[str, str]) -> list[str]:
    """Every address a role may open, from the routes themselves: a new one is looked at from its first day."""
    app = create_app(site.stack.settings)
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("pages.") and "GET" in (rule.methods or ())
    ]
    mine = [rule.rule for rule in rules if access.declared(app.view_functions[rule.endpoint]) in MAY[role]]
    asked = (*(path.replace("<", "{").replace(">", "}") for path in mine), *MORE[role])
    return [path.format_map(known) for path in asked]


def _is_page(reader: ApiClient, path: str) -> bool:
    """Files, parts of pages and ways elsewhere are none."""
    return "<html" in reader.get(path).text[:200]


@pytest.mark.parametrize("role", MAY)
def test_every_page(site: Site, answered: Answered, new_page: Callable[..., Page], role: str) -> None:
    known = EXAMPLES | answered.known
    readers = {"visitor": site.stack.anonymous, "client": lambda: answered.client}
    reader = readers.get(role, lambda: site.staff(Role(role)))()
    page = new_page(reader, viewport=WIDE, reduced_motion="reduce")
    faults, looked_at = [], 0
    for path in _paths(site, role, known):
        if _is_page(reader, path):
            page.goto(path)
            assert role == "visitor" or "/login" not in page.url, "signed out, every page is the same"
            faults += [f"{path}: {fault}" for fault in _faults(page)]
            looked_at += 1
    assert not faults, "\n".join(faults)
    assert looked_at > len(MORE[role]) + 1, "the pages of this role were not found"


def _faults(page: Page) -> list[str]:
    """What is wrong with a page: for axe in both themes, wide and on a phone, where it does not fit, who speaks up."""
    page.evaluate(AXE_SCRIPT)
    found = []
    for theme, size in (("light", WIDE), ("dark", WIDE), ("dark", PHONE)):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of the two
        page.set_viewport_size(size)  # type: ignore[arg-type]  # width and height
        results = AxeResults(page.evaluate(RUN_AXE))
        found += [f"{theme} {size['width']}: {results.generate_report()}"] if results.violations_count else []
        found += _widths(page)
    page.set_viewport_size(ZOOMED)  # type: ignore[arg-type]  # idem
    found += _widths(page)
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]  # idem
    if page.get_by_role("status").count() > 1:
        found.append("more than one status region")
    return found


def _widths(page: Page) -> list[str]:
    fits = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    return [] if fits else [f"scrolls sideways at {page.viewport_size}"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_scripts_show(site: Site, new_page: Callable[..., Page], theme: str) -> None:
    page = new_page(site.customer(), color_scheme=theme, reduced_motion="reduce")  # a colour on its way is none
    page.goto("/chat")
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Mes conversations")).to_be_visible()
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


def test_printing_is_a_letter(answered: Answered, new_page: Callable[..., Page]) -> None:
    page = new_page(answered.client, viewport=WIDE)
    page.goto(f"/conversations/{answered.known['conversation_id']}")
    page.emulate_media(media="print")
    expect(page.locator(".letter-subject")).to_be_visible()
    for unseen in ("nav", "form", ".back", "button", "details", ".copies"):
        for part in page.locator(unseen).all():
            expect(part).to_be_hidden()
    expect(page.locator(".by-staff .body")).to_be_visible()
