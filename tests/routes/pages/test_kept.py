"""What was typed when a session ended comes back after signing in, wherever it was typed; with no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.routes.pages.forms import fields, soup, submit, text_of
from tests.routes.pages.outage import away
from tests.services.work import answer, transaction

if TYPE_CHECKING:
    import httpx

    from tests.harness.api import ApiClient
    from tests.harness.servers import Servers

CONTENT = "Une réponse\nsur deux lignes"


def through_sign_in(
    browser: ApiClient, page: httpx.Response, action: str, as_whom: ApiClient | None = None, **typed: str
) -> httpx.Response:
    """Send a form whose session has ended, get the password wrong once, and sign in; what comes then."""
    who = as_whom or browser
    email, password = who.email, who.password
    browser.http.cookies.clear()
    asked = submit(browser, page, action, **typed)
    assert asked.status_code == 401
    assert not any(words in str(asked.url) for words in typed.values() if words)
    assert "Votre texte est conservé." in asked.text
    sign_in = next(str(form["action"]) for form in soup(asked).select("form[action^='/login']"))
    wrong = submit(browser, asked, sign_in, email=email, password="faux")
    return submit(browser, wrong, sign_in, email=email, password=password)


@pytest.fixture
def closed(client: ApiClient, staff: ApiClient, database_url: str) -> str:
    """The path of a closed case with a reply and a summary."""
    sent = client.chat("Ma question")
    with transaction(database_url) as session:
        assert answer(session, sent["job"]["id"])
    path = f"/conversations/{sent['conversation_id']}"
    client.post("/api/close_conversation", {"conversation_id": sent["conversation_id"]})
    staff.request("PUT", f"/api{path}/summary", json={"summary": "Volet"})
    return path


def test_a_summary(staff: ApiClient, closed: str) -> None:
    action = f"{closed}/summary#case"
    back = through_sign_in(staff, staff.get(closed), action, summary=CONTENT, defect="grince", order_number="")
    assert text_of(back, ".case details[open] .note-alert").endswith("Il n’est pas encore enregistré.")
    given = fields(back, action)
    assert (given["summary"], given["defect"], given["order_number"]) == (CONTENT, "grince", "")
    assert staff.conversation(closed.rpartition("/")[2])["summary"] == "Volet"
    assert submit(staff, back, action).status_code == 303
    assert staff.conversation(closed.rpartition("/")[2])["summary"] == CONTENT


def test_a_summary_is_not_given_to_who_may_not_read_it(staff: ApiClient, client: ApiClient, closed: str) -> None:
    other = through_sign_in(staff, staff.get(closed), f"{closed}/summary#case", as_whom=client, summary=CONTENT)
    assert (other.status_code, other.headers["Location"]) == (303, closed + "/summary")


def test_saved_replies(staff: ApiClient) -> None:
    typed = {"title": "Délai de livraison", "content": CONTENT}
    back = through_sign_in(staff, staff.get("/saved_replies"), "/saved_replies", **typed)
    assert fields(back, "/saved_replies").items() >= typed.items()
    assert submit(staff, back, "/saved_replies").status_code == 303
    page = staff.get("/saved_replies")
    title = next(row for row in soup(page).select(".saved-list li") if "Délai de livraison" in row.get_text())
    action = str(title.select("form")[0]["action"])
    again = through_sign_in(staff, page, action, content="Autre chose")
    assert fields(again, action)["content"] == "Autre chose"
    assert staff.get("/saved_replies").text.count("Autre chose") == 0


def test_settings_notice_a_colleague_meanwhile(admin: ApiClient, client: ApiClient) -> None:
    page = admin.get("/settings")
    back = through_sign_in(admin, page, "/settings", welcome_fr="Bienvenue\nchez nous", wh_read="0,5")
    given = fields(back, "/settings")
    assert (given["welcome_fr"], given["wh_read"]) == ("Bienvenue\nchez nous", "0,5")
    assert given["version"] == fields(page, "/settings")["version"]
    assert submit(admin, admin.get("/settings"), "/settings", welcome_fr="Autre").status_code == 303
    assert submit(admin, back, "/settings").status_code == 409
    elsewhere = through_sign_in(admin, page, "/settings", as_whom=client, welcome_fr="Bienvenue")
    assert elsewhere.status_code == 303


def test_an_account(client: ApiClient) -> None:
    back = through_sign_in(client, client.get("/account"), "/account", address="1 rue du Port\n35400 Saint-Malo")
    assert fields(back, "/account")["address"] == "1 rue du Port\n35400 Saint-Malo"


def test_words_on_a_reply_and_on_a_case(client: ApiClient, closed: str) -> None:
    page = client.get(closed)
    word = through_sign_in(client, page, f"{closed}/closing_feedback", rating="down", comment=CONTENT)
    assert fields(word, f"{closed}/closing_feedback")["comment"] == CONTENT
    assert soup(word).select_one("#word input[value=down][checked]")
    reply = str(soup(page).select(".by-assistant")[0]["data-message"])
    action = f"/messages/{reply}/feedback"
    said = through_sign_in(client, page, action, rating="down", comment=CONTENT)
    assert text_of(said, f"#m-{reply} details[open] textarea") == CONTENT
    rated = submit(client, said, action, rating="down", comment=CONTENT)
    assert rated.headers["Location"] == f"{closed}#m-{reply}"


def test_what_is_forged_leads_home(client: ApiClient) -> None:
    for place in (
        "/logout",
        "/account/password",
        "/nothing",
        "//evil.example/chat",
        "/settings#case",
        "/chat/x/person",
    ):
        sent = {"email": client.email, "password": client.password, "kept_from": place, "kept-message": "x"}
        answered = client.http.post("/login", data=sent)
        assert (answered.status_code, answered.headers["Location"]) == (303, "/chat")


def test_no_database(staff: ApiClient, closed: str, servers: Servers, database_url: str) -> None:
    page = staff.get(closed)
    with away(servers, database_url):
        answered = submit(staff, page, f"{closed}/summary#case", summary=CONTENT, defect="grince")
    assert answered.status_code == 503
    kept = fields(answered, f"{closed}/summary")
    assert (kept["summary"], kept["defect"]) == (CONTENT, "grince")
    assert submit(staff, answered, f"{closed}/summary").status_code == 303
