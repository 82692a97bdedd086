"""Seeing what was sent: its people alone, only once it is clean, as a picture and nothing else."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import event

from tests.harness.servers import query
from tests.routes.api.problem import problem
from tests.routes.api.test_photos import PDF, send
from tests.services.pictures import clean, image_jobs, photo
from tests.services.work import transaction
from webapp.domain import HandoverReason
from webapp.models import Job
from webapp.services import supervision
from webapp.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from tests.harness.api import ApiClient, Json
    from webapp.settings import Settings

CLEANED = photo("blue")


@pytest.fixture
def sent(client: ApiClient, settings: Settings) -> Json:
    """A message with a picture that is clean, a PDF of three pages, one that was refused and one that waits."""
    files = ("Poignée cassée.HEIC", photo()), ("facture.pdf", PDF), ("c.jpg", photo()), ("d.jpg", photo())
    answer = send(client, *files, message="M").json()
    with transaction(settings.database_url) as session:
        storage = open_storage(settings, "photos")
        one, paper, refused, _ = image_jobs(session, UUID(answer["message"]["id"]))
        assert clean(session, one, storage, text="Commande\n  BX-1234")
        assert clean(session, paper, storage, pages=3)
        session.flush()
        supervision.give_up(session, refused, HandoverReason.CRASHES)
    found: Json = client.conversation(answer["conversation_id"])["messages"][0]
    return found | {"case": answer["conversation_id"]}


def test_a_clean_picture_is_shown_and_nothing_but_shown(client: ApiClient, sent: Json) -> None:
    one, paper, refused, waiting = sent["attachments"]
    assert (one["state"], one["media_type"], one["width"], one["pages"], one["faults"]) == (
        *("clean", "image/jpeg", 40, 1),
        ["dark"],
    )
    assert one["alt"] == "Image envoyée\u00a0: Poignée cassée.HEIC. On y lit\u00a0: Commande BX-1234"
    assert (paper["state"], paper["pages"]) == ("clean", 3)
    assert (refused["state"], waiting["state"]) == ("rejected", "pending")
    assert "plusieurs fois" in refused["reason"]
    url = f"/api/attachments/{one['id']}"
    shown = client.get(url)
    assert (shown.status_code, shown.content) == (200, CLEANED)
    headers = shown.headers
    assert headers["Content-Type"] == "image/jpeg"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"].startswith("private, max-age=")
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Content-Length"] == str(len(CLEANED))
    assert headers["Content-Disposition"] == (
        "inline; filename=\"Poignee cassee.jpg\"; filename*=UTF-8''Poign%C3%A9e%20cass%C3%A9e.jpg"
    )
    etag = headers["ETag"]
    assert etag.startswith('"')
    unchanged = client.get(url, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", etag)
    assert unchanged.headers["Cache-Control"].startswith("private")
    head = client.request("HEAD", url)
    assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", etag)
    thumb = client.get(url, params={"variant": "thumb"})
    assert thumb.status_code == 200
    assert thumb.headers["ETag"] != etag
    pages = [client.get(f"/api/attachments/{paper['id']}", params={"page": n}) for n in (1, 2, 3)]
    assert len({page.headers["ETag"] for page in pages}) == 3
    assert 'filename="facture-3.jpg"' in pages[2].headers["Content-Disposition"]
    problem(client.get(f"/api/attachments/{paper['id']}", params={"page": 4}), 404)
    problem(client.get(url, params={"variant": "original"}), 422)
    problem(client.get(url, params={"page": "0"}), 422)
    problem(client.get(f"/api/attachments/{waiting['id']}"), 409, "not_checked_yet")
    problem(client.get(f"/api/attachments/{refused['id']}"), 404)


def test_it_is_shown_to_its_people_alone(
    sent: Json, staff: ApiClient, anonymous: ApiClient, new_client: Callable[[], ApiClient]
) -> None:
    stranger = new_client()
    stranger.register()
    for each in sent["attachments"]:
        url = f"/api/attachments/{each['id']}"
        problem(stranger.get(url), 404, "not_found")
        problem(stranger.get(url, headers={"If-None-Match": "*"}), 404, "not_found")
        problem(anonymous.get(url), 401, "signed_out")
    assert staff.get(f"/api/attachments/{sent['attachments'][0]['id']}").content == CLEANED
    assert staff.conversation(sent["case"])["messages"][0]["attachments"][0]["description"] is None


def test_a_change_of_an_attachment_is_seen_by_who_polls(client: ApiClient, settings: Settings, sent: Json) -> None:
    url = f"/api/conversations/{sent['case']}"
    etag = client.get(url).headers["ETag"]
    assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
    with transaction(settings.database_url) as session:
        last = image_jobs(session, UUID(sent["id"]))[-1]
        supervision.give_up(session, last, HandoverReason.DEADLINE)
        assert session.get_one(Job, last).error_code == "deadline"
    changed = client.get(url, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.json()["messages"][0]["attachments"][-1]["state"] == "rejected"


def test_a_file_that_is_gone_is_not_there_and_no_fault(client: ApiClient, settings: Settings, sent: Json) -> None:
    keys = "SELECT key FROM attachment_file WHERE attachment_id = %s AND variant = 'full'"
    ((key,),) = query(settings.database_url, keys, [sent["attachments"][0]["id"]])
    open_storage(settings, "photos").delete(str(key))
    problem(client.get(f"/api/attachments/{sent['attachments'][0]['id']}"), 404)
    names = zipfile.ZipFile(io.BytesIO(client.get("/api/me/export").content)).namelist()
    assert len([name for name in names if name.startswith("files/")]) == 3


def test_all_about_me_has_my_files(client: ApiClient, sent: Json) -> None:
    answer = client.get("/api/me/export")
    assert answer.headers["Content-Length"] == str(len(answer.content))
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    files = [name for name in packed.namelist() if name.startswith("files/")]
    assert files == [f"files/{sent['case']}/{name}.jpeg" for name in ("1-1-1", "1-2-1", "1-2-2", "1-2-3")]
    assert packed.read(files[0]) == CLEANED
    case = json.loads(packed.read(f"conversation-{sent['case']}.json"))
    told = [(each["name"], each["state"], each["transcript"]) for each in case["messages"][0]["attachments"]]
    assert told[0] == ("Poignée cassée.HEIC", "clean", "Commande\n  BX-1234")
    assert [state for _, state, _ in told] == ["clean", "clean", "rejected", "pending"]
    whole = client.get(f"/api/conversations/{sent['case']}/export").json()
    assert [each["name"] for each in whole["messages"][0]["attachments"]] == [name for name, _, _ in told]
    letter = client.get(f"/api/conversations/{sent['case']}/export", params={"format": "html"})
    assert "facture.pdf" in letter.text


def test_with_a_customer_go_her_files(client: ApiClient, settings: Settings, sent: Json) -> None:
    count = "SELECT count(*) FROM removed_file"
    before = query(settings.database_url, count)[0][0]
    assert client.request("DELETE", "/api/me", json={"password": client.password}).status_code == 202
    assert query(settings.database_url, "SELECT 1 FROM attachment WHERE id = %s", [sent["attachments"][0]["id"]]) == []
    # Two sizes of four pictures, and what was sent of the one that waited.
    assert query(settings.database_url, count)[0][0] - int(str(before)) == 9


def test_a_page_of_messages_asks_once_for_all_files(client: ApiClient, app: Flask, sent: Json) -> None:
    for _ in range(2):
        client.chat("Encore", sent["case"])
    asked: list[str] = []
    with app.app_context():
        engine = app.extensions["sqlalchemy"].engines[None]
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert [len(each["attachments"]) for each in client.conversation(sent["case"])["messages"]] == [4, 0, 0]
    assert len([statement for statement in asked if "FROM attachment" in statement]) == 1
