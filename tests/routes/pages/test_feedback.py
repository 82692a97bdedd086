"""Thumbs under a reply and the word on a closed case, with no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bs4 import Tag

from tests.harness.servers import query
from tests.routes.pages.forms import fields, soup, submit, text_of
from tests.services.work import answer, transaction
from webapp.assistant.summary import WORDS
from webapp.routes.pages.summaries import FOR_STAFF

if TYPE_CHECKING:
    from tests.harness.api import ApiClient


def _answered(client: ApiClient, database_url: str) -> tuple[str, str]:
    """A case with a reply: (conversation id, message id)."""
    sent = client.chat("Ma question")
    with transaction(database_url) as session:
        assert answer(session, sent["job"]["id"])
    case = sent["conversation_id"]
    return case, client.conversation(case)["messages"][1]["id"]


def _pressed(page: Tag, message: str) -> dict[str, str]:
    return {
        str(thumb["value"]): str(thumb["aria-pressed"])
        for thumb in page.select(f"#m-{message} .thumb")
        if thumb["aria-label"]
    }


def test_a_thumb_is_a_button_and_comes_back_to_its_reply(client: ApiClient, database_url: str) -> None:
    case, message = _answered(client, database_url)
    for path in (f"/chat/{case}", f"/conversations/{case}"):
        page = client.get(path)
        rated = submit(client, page, f"/messages/{message}/feedback", rating="up")
        assert (rated.status_code, rated.headers["Location"]) == (303, f"{path}#m-{message}")
    page = soup(client.get(f"/chat/{case}"))
    assert _pressed(page, message) == {"up": "true", "down": "false"}
    assert page.select_one(f"#m-{message} details[data-why][hidden]")
    assert page.select(".by-client .thumb") == []


def test_a_thumb_down_asks_why(client: ApiClient, staff: ApiClient, database_url: str) -> None:
    case, message = _answered(client, database_url)
    action = f"/messages/{message}/feedback"
    submit(client, client.get(f"/chat/{case}"), action, rating="down")
    page = soup(client.get(f"/chat/{case}"))
    assert _pressed(page, message) == {"up": "false", "down": "true"}
    why = page.select_one(f"#m-{message} details[data-why][open]:not([hidden])")
    assert why
    form = why.find("form")
    assert isinstance(form, Tag)
    sent = {str(field["name"]): str(field["value"]) for field in form.select("input, button[name]")}
    assert client.http.post(action, data=sent | {"comment": "Trop <b>long</b>"}).status_code == 303
    assert query(database_url, "SELECT feedback, feedback_comment FROM message WHERE id = %s", [message]) == [
        ("down", "Trop <b>long</b>")
    ]
    seen = text_of(staff.get(f"/conversations/{case}"), f"#m-{message} .opinion")
    assert seen == "Le client n’a pas trouvé cette réponse utile. Trop <b>long</b>"
    assert soup(staff.get(f"/conversations/{case}")).select(".thumb") == []


def test_a_notice_has_no_thumbs_and_nobody_is_sent_elsewhere(client: ApiClient, database_url: str) -> None:
    case, message = _answered(client, database_url)
    client.post(f"/api/conversations/{case}/handoff", {})
    sent = fields(client.get(f"/chat/{case}"), f"/messages/{message}/feedback")
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", ""):
        answered = client.http.post(f"/messages/{message}/feedback", data=sent | {"rating": "up", "next": elsewhere})
        assert answered.headers["Location"] == f"/conversations/{case}#m-{message}"
    assert client.http.post(f"/messages/{message}/feedback", data=sent).status_code == 422
    waiting = client.chat("Une autre question")
    client.post(f"/api/conversations/{waiting['conversation_id']}/handoff", {})
    page = soup(client.get(f"/conversations/{waiting['conversation_id']}"))
    assert len(page.select(".by-assistant")) == 1
    assert page.select(".thumb") == []


def test_a_word_on_a_closed_case(client: ApiClient, staff: ApiClient, database_url: str) -> None:
    case, _ = _answered(client, database_url)
    path = f"/conversations/{case}"
    assert soup(client.get(path)).find("form", action=f"{path}/closing_feedback") is None
    client.post("/api/close_conversation", {"conversation_id": case})
    said = submit(client, client.get(path), f"{path}/closing_feedback", rating="up", comment="Merci à Alix")
    assert (said.status_code, said.headers["Location"]) == (303, f"{path}#word")
    page = client.get(path)
    assert soup(page).select_one("#word input[value=up][checked]")
    assert fields(page, f"{path}/closing_feedback")["comment"] == "Merci à Alix"
    assert (
        client.http.post(f"{path}/closing_feedback", data=fields(page, f"{path}/closing_feedback")).status_code == 422
    )
    assert "Merci à Alix" in staff.get(path).text


def test_staff_corrects_a_summary(client: ApiClient, staff: ApiClient, database_url: str) -> None:
    case, _ = _answered(client, database_url)
    path = f"/conversations/{case}"
    client.post("/api/close_conversation", {"conversation_id": case})
    staff.request("PUT", f"/api{path}/summary", json={"summary": "Volet"})
    page = staff.get(path)
    assert fields(page, f"{path}/summary#case")["summary"] == "Volet"
    wanted = {"summary": "Volet\r\nchangé", "order_number": "118", "defect": ""}
    assert submit(staff, page, f"{path}/summary#case", **wanted, photos="true").status_code == 303
    told = staff.conversation(case)
    assert (told["summary"], told["summary_edited"]) == ("Volet\nchangé", True)
    assert told["summary_fields"]["order_number"] == "118"
    assert (told["summary_fields"]["defect"], told["summary_fields"]["photos"]) == (None, True)
    assert "Volet\nchangé" in client.get(path).text
    refused = submit(
        staff, page, f"{path}/summary#case", summary=" ", order_number="1" * 301, position="12", photos="false"
    )
    assert refused.status_code == 422
    assert text_of(refused, "details[open] .note-alert")
    assert text_of(refused, "#summary-error")
    assert text_of(refused, "#order_number-error") == "Ce texte est trop long (300 caractères au plus)."
    assert fields(refused, f"{path}/summary#case")["position"] == "12"
    assert text_of(refused, "#field-photos option[selected]") == "Non"
    assert fields(refused, f"{path}/messages")["content"] == ""


def test_a_customer_reads_the_summary_without_what_staff_needs(client: ApiClient, staff: ApiClient) -> None:
    path, summary = f"/conversations/{client.chat('Mon volet')['conversation_id']}", "Demande : un volet"
    client.post("/api/close_conversation", {"conversation_id": path.rpartition("/")[2]})
    summary += "\nReste à faire : rappeler\nDossier : commande 118"
    staff.request("PUT", f"/api{path}/summary", json={"summary": summary})
    assert text_of(client.get(path), ".summary-text") == "Demande : un volet"
    assert text_of(staff.get(path), ".summary-text") == summary
    letters = [each.get(f"/api{path}/export?format=html").text for each in (client, staff)]
    assert ["rappeler" in letter for letter in letters] == [False, True]


def test_what_staff_needs_is_known_by_how_the_assistant_begins_it() -> None:
    words = WORDS.values()
    assert sorted(FOR_STAFF) == sorted(each[kind] + each["colon"] for each in words for kind in ("open", "case"))
