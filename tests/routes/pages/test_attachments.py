"""Files sent and seen with JavaScript off: one form, plain answers, nothing written lost."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from tests.routes.pages.forms import fields, soup, submit, text_of
from tests.services.pictures import clean, image_jobs, photo
from tests.services.work import transaction
from webapp.domain import FactKind, FoundFact
from webapp.models import Attachment
from webapp.services import cleaning, facts
from webapp.storage import open_storage
from webapp.texts import typeset

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.harness.api import ApiClient
    from webapp.settings import Settings

AGAIN = "Choisissez de nouveau vos fichiers"


def send(
    browser: ApiClient, page: httpx.Response, action: str, *files: tuple[str, bytes], **values: str
) -> httpx.Response:
    """Send a page's form with files, as a browser does: an empty part where none was chosen."""
    parts = [("images", (name, content, "image/png")) for name, content in files or [("", b"")]]
    return browser.http.post(action, data=fields(page, action) | values, files=parts)


def test_files_are_sent_seen_and_confirmed_by_plain_forms(
    client: ApiClient, new_client: Callable[[], ApiClient], staff: ApiClient, settings: Settings
) -> None:
    page = client.get("/chat")
    form = soup(page).select_one("form[data-composer]")
    assert form
    assert form["enctype"] == "multipart/form-data"
    assert form.select_one("input[type=file][name=images][multiple]")
    sent = send(client, page, "/chat", ("poignée.jpg", photo()), ("facture.jpg", photo("blue")), ("a.png", photo()))
    assert sent.status_code == 303, sent.text
    path = sent.headers["Location"]
    waiting = client.get(path)
    assert [each["data-state"] for each in soup(waiting).select(".message [data-attachment]")] == ["pending"] * 3
    assert text_of(waiting, ".attachment-state") == "Vérification en cours"
    assert text_of(waiting, ".life") == "Reçu, lecture de vos fichiers"
    message = client.conversation(path.rpartition("/")[2])["messages"][0]
    first, second, _ = message["attachments"]
    with transaction(settings.database_url) as session:
        jobs = image_jobs(session, UUID(message["id"]))
        clean(session, jobs[0], open_storage(settings, "photos"))
        cleaning.reject(session, UUID(second["id"]), "broken")
        read = [FoundFact(FactKind.ORDER_NUMBER, "CM-4512"), FoundFact(FactKind.DATE, "2024-03-12")]
        facts.propose(session, session.get_one(Attachment, UUID(first["id"])), read)
    for seen in (client.get(path), client.get(f"/messages/{message['id']}/attachments")):
        picture = soup(seen).select_one(".attachment a img")
        assert picture
        assert (picture["width"], picture["height"]) == ("40", "40")
        assert str(picture["alt"]).startswith(typeset("Image envoyée : poignée.jpg"))
        assert picture["src"] == f"/api/attachments/{first['id']}?variant=thumb"
        said = [each.get_text(" ", strip=True) for each in soup(seen).select("[data-advice]")]
        assert said[0].startswith("Cette photo est très sombre.")
        assert said[1] == "Ce fichier est abîmé et ne peut pas être ouvert."
        assert text_of(seen, ".facts-asked ul") == "Numéro de commande CM-4512 Oui Non Date 12 mars 2024 Oui Non"
    letter = client.get(path.replace("/chat/", "/api/conversations/") + "/export?format=html")
    assert [str(each["src"])[:23] for each in soup(letter).select("img")] == ["data:image/jpeg;base64,"]
    assert typeset("Pièce jointe : facture.jpg Ce fichier est abîmé") in text_of(letter, "ol.log")
    large = client.get(f"/attachments/{first['id']}")
    assert soup(large).select_one(f"img[src='/api/attachments/{first['id']}?variant=full&page=1'][width='40']")
    assert "abîmé" in text_of(client.get(f"/attachments/{second['id']}"), ".lead")
    other = new_client()
    other.register()
    for hidden in (f"/attachments/{first['id']}", f"/messages/{message['id']}/attachments"):
        assert other.get(hidden).status_code == 404
    page = client.get(path)
    yes, no = (str(each["action"]) for each in soup(page).select("[data-fact-form]"))
    assert submit(other, page, yes, csrf_token=other.csrf_token, confirmed="yes").status_code == 404
    assert submit(client, page, yes, confirmed="yes").headers["Location"] == path
    assert submit(client, page, no, confirmed="no").status_code == 303
    after = client.get(path)
    assert text_of(after, ".fact-told") == "Numéro de commande CM-4512 , confirmé"
    assert not soup(after).select("[data-fact-form]")
    case = staff.get(path.replace("/chat/", "/conversations/"))
    assert len(soup(case).select(".gallery [data-attachment]")) == 2
    assert "Numéro de commande CM-4512 confirmé" in text_of(case, ".case .facts-list:has(.fact-state)")
    assert not soup(case).select("[data-fact-form]")


@pytest.mark.parametrize(
    ("files", "status", "said"),
    [
        ([("notes.svg", b"<svg></svg>"), ("a.jpg", photo())], 415, "« notes.svg » n'est pas d'un type accepté"),
        ([("grand.jpg", photo() + bytes(10 << 20))], 413, "« grand.jpg » dépasse 10 Mo"),
        ([(f"{n}.jpg", photo()) for n in range(6)], 422, "5 fichiers au plus"),
        ([], 422, "Écrivez un message ou joignez un fichier"),
    ],
    ids=["type", "size", "count", "nothing"],
)
def test_what_cannot_be_taken_comes_back_with_its_text(
    client: ApiClient, staff: ApiClient, files: list[tuple[str, bytes]], status: int, said: str
) -> None:
    text = "Ma poignée\nest cassée" if files else ""
    page = client.get("/chat")
    refused = send(client, page, "/chat", *files, message=text)
    assert refused.status_code == status
    assert typeset(said) in text_of(refused, "[role=alert]")
    assert fields(refused, "/chat")["message"] == text
    assert fields(refused, "/chat")["idempotency_key"] == fields(page, "/chat")["idempotency_key"]
    assert (AGAIN in refused.text) is bool(files)
    assert client.get("/api/conversations").json()["items"] == []
    assert send(client, refused, "/chat", ("a.jpg", photo()), message="Bonjour").status_code == 303
    case = f"/conversations/{client.get('/api/conversations').json()['items'][0]['id']}"
    refused = send(staff, staff.get(case), f"{case}/messages", *files, content=text)
    assert refused.status_code == status
    assert typeset(said) in text_of(refused, "[role=alert]")
    assert fields(refused, f"{case}/messages")["content"] == text


def test_staff_answers_with_a_file(client: ApiClient, staff: ApiClient) -> None:
    case = f"/conversations/{client.chat('Bonjour')['conversation_id']}"
    answer = send(staff, staff.get(case), f"{case}/messages", ("notice.jpg", photo()))
    assert answer.status_code == 303, answer.text
    seen = client.get(case.replace("conversations", "chat"))
    assert text_of(seen, ".by-staff .attachment-name") == "notice.jpg"
    assert not soup(seen).select(".by-staff [data-fact-form]")
