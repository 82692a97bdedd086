"""A customer sends photos from a phone: seen, removed, sent once, checked and confirmed without a reload."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conversation import lose_answers, messages
from tests.browser.test_accessibility import assert_no_violation
from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.services.pictures import photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import FilePayload

    from tests.browser.conftest import Site

A_PHONE = {"has_touch": True, "is_mobile": True}
CHECKED_MS = 240_000  # a picture is opened and read by processes of their own
FACT = """
WITH read AS (
    INSERT INTO fact (id, conversation_id, attachment_id, kind, value, state)
    SELECT %s, conversation_id, id, 'order_number', 'CM-4512', 'proposed' FROM attachment WHERE id = %s
    RETURNING conversation_id
)
UPDATE conversation SET version = version + 1 WHERE id = (SELECT conversation_id FROM read) RETURNING id
"""
DROPPED = """([type, name]) => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(document.dropped ?? []);
    data.items.add(new File([bytes], name, { type: "image/jpeg" }));
    const event = type === "paste" ? new ClipboardEvent(type, { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
    return event.defaultPrevented;
}"""


def picture(name: str, colour: str = "teal", side: int = 800) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": photo(colour, side=side)}


def choose(page: Page, *files: FilePayload) -> None:
    page.locator("#images").set_input_files(list(files))


def picks(page: Page) -> Locator:
    return page.locator("[data-photo-picks] li")


def states(page: Page, state: str) -> Locator:
    return page.locator(f".message [data-attachment][data-state={state}]")


def look(page: Page) -> None:
    """Nothing to say in either theme; colours that are on their way from one to the other are none."""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert_no_violation(page)
        assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), theme


def test_a_phone_sends_three_photos(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client, **A_PHONE)
    page.goto("/chat")
    page.evaluate("window.stays = true")
    for name in ("camera", "images"):
        page.keyboard.press("Shift+Tab") if name == "images" else page.locator("#camera").focus()
        expect(page.locator(f"#{name}")).to_be_focused()
    choose(page, picture("poignée.jpg"), picture("étiquette.jpg", "white"), picture("porte.jpg", "navy"))
    expect(picks(page)).to_have_count(3)
    expect(page.locator("[data-photo-picks] canvas")).to_have_count(3)
    expect(picks(page).first).to_contain_text("poignée.jpg")
    expect(picks(page).first).to_contain_text("ko")
    choose(page, {"name": "film.mov", "mimeType": "video/quicktime", "buffer": b"moov"}, picture("x.jpg"))
    expect(page.locator("[data-photo-fault]")).to_contain_text("« film.mov » n’est ni une photo ni un PDF.")
    choose(page, picture("cinq.jpg"), picture("six.jpg"))
    expect(page.locator("[data-photo-fault]")).to_contain_text("« six.jpg » n’a pas été ajouté")
    page.get_by_role("button", name="Retirer cinq.jpg").click()
    page.keyboard.press("Enter")  # on the one before it, which has the focus now
    expect(picks(page)).to_have_count(3)
    expect(page.locator("[data-photo-fault]")).to_be_hidden()
    look(page)
    held: list[Route] = []
    page.route("**/api/upload_images", lambda route: held.append(route))  # noqa: PLW0108  it marks what it is given
    page.get_by_label("Votre message").fill("Ma poignée est cassée")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator("[data-photo-progress]")).to_be_visible()
    expect(page.locator("[data-photo-said]")).to_contain_text("Envoi")
    expect(page.get_by_role("button", name="Retirer porte.jpg")).to_be_disabled()
    wait_until(lambda: bool(page.title() and held), "the upload to begin")  # asking the page lets its requests in
    held[0].continue_()
    expect(page.locator(".message .tile :is(canvas, img)")).to_have_count(3)  # at once, before they are checked
    expect(states(page, "clean")).to_have_count(3, timeout=CHECKED_MS)
    expect(page.locator(".tile img[width='800'][height='800']")).to_have_count(3)
    expect(page.locator("[data-live]")).to_contain_text("Vos fichiers sont bien reçus.")
    expect(picks(page)).to_have_count(0)
    first = messages(client, page)[0]
    assert [each["name"] for each in first["attachments"]] == ["poignée.jpg", "étiquette.jpg", "porte.jpg"]
    assert page.evaluate("window.stays") is True
    query(site.stack.settings.database_url, FACT, [uuid4(), first["attachments"][1]["id"]])  # read a moment later
    asked = page.get_by_role("form", name="Numéro de commande CM-4512")
    expect(asked).to_be_visible(timeout=CHECKED_MS)
    expect(page.locator("[data-live]")).to_contain_text("Une précision est à confirmer sous votre message.")
    look(page)
    asked.get_by_role("button", name="Oui").click()
    expect(page.locator(".fact-told")).to_contain_text("CM-4512, confirmé")
    assert page.evaluate("window.stays") is True
    page.get_by_role("link", name="Image envoyée : étiquette.jpg").click()
    expect(page.get_by_role("heading", name="étiquette.jpg")).to_be_visible()
    look(page)


def test_an_upload_nobody_heard_of_is_sent_again_under_its_key(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client)
    page.goto("/chat")
    keys = lose_answers(page, "**/api/upload_images", 2)
    choose(page, picture("poignée.jpg"))
    page.get_by_label("Votre message").fill("Une photo")
    page.get_by_label("Votre message").press("Enter")
    expect(page.locator("[data-composer-alert]")).to_contain_text("Votre message et vos fichiers ne sont pas encore")
    expect(page.get_by_label("Votre message")).to_have_value("Une photo")
    expect(picks(page)).to_have_count(1)
    page.get_by_role("button", name="Réessayer maintenant").click()
    expect(page.locator(".message [data-attachment]")).to_have_count(1)
    expect(page.locator("[data-composer-alert]")).to_be_hidden()
    assert len(keys) >= 3
    assert len(set(keys)) == 1
    assert [each["role"] for each in messages(client, page)].count("client") == 1


def test_photos_are_sent_without_javascript(site: Site, new_page: Callable[..., Page]) -> None:
    client = site.customer()
    page = new_page(client, java_script_enabled=False)
    page.goto("/chat")
    expect(page.get_by_text("5 fichiers au plus")).to_be_visible()
    choose(page, {"name": "notice.txt", "mimeType": "text/plain", "buffer": b"Bonjour"})
    page.get_by_label("Votre message").fill("Ma poignée")
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("alert")).to_contain_text("« notice.txt »")
    expect(page.get_by_label("Votre message")).to_have_value("Ma poignée")
    choose(page, picture("poignée.jpg"), picture("porte.jpg"))
    page.get_by_role("button", name="Envoyer").click()
    expect(page.locator(".message [data-attachment]")).to_have_count(2)
    expect(states(page, "clean")).to_have_count(2, timeout=CHECKED_MS)  # the page reloads itself
    page.get_by_role("link", name="Image envoyée : porte.jpg").click()
    page.get_by_role("link", name="Revenir à la conversation").click()
    expect(states(page, "clean")).to_have_count(2)


def test_staff_sees_photos_and_answers_with_one(site: Site, new_page: Callable[..., Page]) -> None:
    client, staff = site.customer(), site.staff()
    customer = new_page(client)
    customer.goto("/chat")
    customer.evaluate("bytes => { document.dropped = bytes; }", list(photo()))
    assert customer.evaluate(DROPPED, ["dragover", "x.jpg"]) is True
    expect(customer.locator(".photo-drop")).to_be_visible()
    assert customer.evaluate(DROPPED, ["drop", "lâchée.jpg"]) is True
    assert customer.evaluate(DROPPED, ["paste", "collée.jpg"]) is True
    expect(customer.locator(".photo-drop")).to_be_hidden()
    expect(picks(customer)).to_have_count(2)
    customer.get_by_role("button", name="Envoyer").click()
    expect(customer.locator(".message [data-attachment]")).to_have_count(2)
    desk = new_page(staff, viewport={"width": 1280, "height": 900})
    desk.goto(customer.url.replace("/chat/", "/conversations/"))
    expect(states(desk, "clean")).to_have_count(2, timeout=CHECKED_MS)
    expect(desk.locator(".gallery img")).to_have_count(2)
    desk.evaluate("bytes => { document.dropped = bytes; }", list(photo("green")))
    assert desk.evaluate(DROPPED, ["drop", "modèle.jpg"]) is True
    desk.get_by_label("Votre réponse au client").fill("Est-ce ce modèle ?")
    look(desk)
    desk.get_by_role("button", name="Envoyer", exact=True).click()
    expect(desk.locator(".by-staff [data-attachment]")).to_have_count(1)
    expect(customer.locator(".by-staff [data-attachment][data-state=clean]")).to_have_count(1, timeout=CHECKED_MS)
