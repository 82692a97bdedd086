"""Messages with files over the API: all of a message or none of it, once, within the limits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import fsspec
import pytest

from tests.harness import application
from tests.harness.api import ApiClient
from tests.harness.servers import query
from tests.routes.api.counted import rows
from tests.routes.api.problem import problem
from tests.routes.api.sent_files import PDF, counted, kept, send
from tests.services.pictures import photo
from webapp import metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx
    from flask import Flask

    from tests.harness.servers import Servers
    from webapp.settings import Settings

BYTES = "sav_upload_bytes_total"


def bytes_counted() -> float:
    return next(sample.value for sample in metrics.UPLOAD_BYTES.collect()[0].samples if sample.name == BYTES)


def test_a_message_with_files_is_a_message(client: ApiClient, settings: Settings) -> None:
    before, there = bytes_counted(), len(kept(settings))
    files = ("poignée.jpg", photo()), ("étiquette.png", photo(kind="PNG")), ("facture.pdf", PDF)
    answer = send(client, *files, message=" Bonjour ")
    assert answer.status_code == 202, answer.text
    sent = answer.json()
    assert sent["message"]["content"] == "Bonjour"
    assert sent["job"]["kind"] == "reply"
    assert sent["job"]["status"] == "queued"
    told = [
        (each["name"], each["media_type"], each["state"], each["reason"]) for each in sent["message"]["attachments"]
    ]
    assert told == [
        ("poignée.jpg", "image/jpeg", "pending", None),
        ("étiquette.png", "image/png", "pending", None),
        ("facture.pdf", "application/pdf", "pending", None),
    ]
    assert sent["message"]["attachments"][0]["alt"] == "Image envoyée\u00a0: poignée.jpg"
    assert rows(settings.database_url, client) == (1, 4, 1)
    assert bytes_counted() - before == sum(len(content) for _, content in files)
    written = {path.read_bytes() for path in kept(settings)}
    assert {content for _, content in files} <= written
    assert len(kept(settings)) == there + 3
    # The reply waits for its pictures, at most a minute; the pictures wait for nobody.
    due = (
        "SELECT kind, next_at > clock_timestamp() + interval '50 s', deadline_at > clock_timestamp() + interval '590 s'"
    )
    found = query(settings.database_url, f"{due} FROM job WHERE requester_id = %s", [client.user["id"]])
    assert sorted(found) == [("image", False, True)] * 3 + [("reply", True, True)]
    case = client.conversation(sent["conversation_id"])
    assert case["messages"][0]["attachments"] == sent["message"]["attachments"]
    assert {job["kind"] for job in case["jobs"]} == {"reply", "image"}
    follow = send(client, ("b.jpg", photo()), conversation_id=sent["conversation_id"])
    assert follow.json()["message"]["seq"] == 2
    alone = send(client, ("a.jpg", photo()), ("b.jpg", photo()), message="").json()
    assert client.conversation(alone["conversation_id"])["subject"] == "2 fichiers envoyés"


def test_the_same_again_is_the_same_before_any_limit(
    client: ApiClient, new_client: Callable[[], ApiClient], app: Flask, settings: Settings
) -> None:
    key, files = uuid4().hex, [("a.jpg", photo()), ("b.jpg", photo("green"))]
    first = send(client, *files, key=key, message="M")
    there = counted(settings, client)
    app.config["SETTINGS"] = settings.model_copy(update={"uploads_per_client_per_day": 0, "ratelimit_enabled": True})
    try:
        again = send(client, *files, key=key, message="M")
        problem(send(client, *files, message="M"), 429, "too_many_files_a_day")
    finally:
        app.config["SETTINGS"] = settings
    assert (first.status_code, again.status_code) == (202, 200)
    assert (again.json()["message"]["id"], again.json()["job"]["id"]) == (
        first.json()["message"]["id"],
        first.json()["job"]["id"],
    )
    for other in (files[::-1], files[:1], [("a.jpg", photo()), ("b.jpg", photo("blue"))]):
        problem(send(client, *other, key=key, message="M"), 422, "key_reused")
    problem(send(client, *files, key=key, message="N"), 422, "key_reused")
    problem(send(client, *files, key=key, message="M", conversation_id=first.json()["conversation_id"]), 422)
    problem(client.post("/api/chat", {"message": "M"}, key=key), 422, "key_reused")
    assert counted(settings, client) == there
    # A key belongs to its author.
    other_client = new_client()
    other_client.register()
    assert send(other_client, *files, key=key, message="M").status_code == 202


def test_the_same_at_once_is_one_message(app: Flask, client: ApiClient, settings: Settings) -> None:
    before, key = len(kept(settings)), uuid4().hex
    alike = [ApiClient.over_wsgi(app) for _ in range(4)]
    for each in alike:
        each.http.cookies.update(client.http.cookies)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda one: send(one, ("a.jpg", photo()), key=key), alike))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 202]
    assert len({answer.json()["message"]["id"] for answer in answers}) == 1
    assert rows(settings.database_url, client) == (1, 2, 1)
    assert len(kept(settings)) == before + 1
    for each in alike:
        each.close()


def test_a_days_files_are_counted(client: ApiClient, app: Flask, settings: Settings) -> None:
    app.config["SETTINGS"] = settings.model_copy(update={"uploads_per_client_per_day": 3, "ratelimit_enabled": True})
    try:
        assert send(client, ("a.jpg", photo()), ("b.jpg", photo())).status_code == 202
        before = counted(settings, client)
        problem(send(client, ("c.jpg", photo()), ("d.jpg", photo())), 429, "too_many_files_a_day")
        assert counted(settings, client) == before
        assert send(client, ("c.jpg", photo())).status_code == 202
        refused = send(client, ("d.jpg", photo()))
        assert 86_000 < int(refused.headers["Retry-After"]) <= 86_400
        older = "UPDATE attachment SET created_at = created_at - interval '25 h' WHERE author_id = %s RETURNING 1"
        query(settings.database_url, older, [client.user["id"]])
        assert send(client, ("d.jpg", photo())).status_code == 202
    finally:
        app.config["SETTINGS"] = settings


def test_what_a_message_is_refused_for_keeps_no_file(
    client: ApiClient, app: Flask, settings: Settings, new_client: Callable[[], ApiClient]
) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    app.config["SETTINGS"] = settings.model_copy(update={"max_pending_per_client": 1})
    before = counted(settings, client)
    problem(send(client, ("a.jpg", photo())), 429, "too_many_pending")
    app.config["SETTINGS"] = settings
    stranger = new_client()
    stranger.register()
    problem(send(stranger, ("a.jpg", photo()), conversation_id=case), 404, "not_found")
    assert counted(settings, client) == before
    client.post("/api/close_conversation", {"conversation_id": case})
    problem(send(client, ("a.jpg", photo()), conversation_id=case), 409, "conversation_closed")
    assert len(kept(settings)) == before[-1]


class Full(fsspec.AbstractFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """A storage with no room left."""

    protocol = "full"

    def put_file(self, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")


@pytest.fixture
def full_app(database_url: str, servers: Servers, tmp_path: Path) -> Iterator[Flask]:
    fsspec.register_implementation("full", Full, clobber=True)
    given = {"STORAGE_URL": "full:///store", "STORAGE_OPTIONS": '{"key": "k"}', "RATELIMIT_ENABLED": "false"}
    of = application.settings(database_url, servers.redis_url, tmp_path, **given)
    with application.created(of) as made:
        yield made


def test_a_full_storage_says_so_and_keeps_nothing(full_app: Flask) -> None:
    client = ApiClient.over_wsgi(full_app)
    client.register()
    of = full_app.config["SETTINGS"]
    refused = send(client, ("a.jpg", photo()), message="M")
    problem(refused, 503, "storage_away")
    assert int(refused.headers["Retry-After"]) > 0
    assert counted(of, client) == (0, 0, 0, 0)
    assert client.chat("Bonjour")["job"]["status"] == "queued"  # words go on
    client.close()


def test_staff_may_send_files_too(client: ApiClient, staff: ApiClient, settings: Settings) -> None:
    case = client.chat("Bonjour")["conversation_id"]
    url, key = f"/api/conversations/{case}/messages", uuid4().hex
    images = [("images", ("plan.pdf", PDF, "application/pdf")), ("images", ("b.jpg", photo(), "image/jpeg"))]

    def speak(**form: str) -> httpx.Response:
        return staff.request("POST", url, key=key, files=images, data=form)

    first = speak(content="Voici le plan.")
    assert first.status_code == 201, first.text
    assert [each["name"] for each in first.json()["attachments"]] == ["plan.pdf", "b.jpg"]
    there = len(kept(settings))
    assert speak(content="Voici le plan.").json()["id"] == first.json()["id"]
    problem(speak(content="Un autre."), 422, "key_reused")
    assert len(kept(settings)) == there
    assert staff.request("POST", url, files=images).json()["content"] == ""
    assert staff.post(url, {"content": "Bonjour"}).json()["attachments"] == []
    assert staff.request("POST", url, files=[("x", ("", b"", "a/b"))], data={"content": "M"}).status_code == 201
    problem(staff.post(url, {"content": ""}), 422, "invalid")
    problem(staff.request("POST", url, files=[("images", ("x.svg", b"<svg/>", "image/png"))]), 415, "wrong_files")
    assert len(client.conversation(case)["messages"][-3]["attachments"]) == 2
