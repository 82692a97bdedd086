"""Sending files over the API: all of a message or none of it."""

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
LARGE = b"\xff\xd8\xff" + bytes(10 << 20)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
PDF = b"%PDF-1.4\n"


def send(client: ApiClient, *files: tuple[str, bytes], key: str = "mint", **form: str) -> httpx.Response:
    images = [("images", (name, content, "image/png")) for name, content in files]
    return client.request("POST", "/api/upload_images", key=key, files=images, data=form)


def kept(settings: Settings) -> list[Path]:
    """Everything in storage, and what is left of what was on its way there."""
    return [path for path in (settings.data_dir / "files").rglob("*") if path.is_file()]


def counted(settings: Settings, client: ApiClient) -> tuple[object, ...]:
    return (*rows(settings.database_url, client), len(kept(settings)))


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
    assert sent["message"]["attachments"][0]["alt"] == "Image envoyée : poignée.jpg"
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


@pytest.mark.parametrize(
    ("files", "status", "code", "named"),
    [
        ([("a.jpg", photo()), ("dessin.svg", SVG)], 415, "wrong_files", ["dessin.svg"]),
        ([("photo.png", SVG)], 415, "wrong_files", ["photo.png"]),
        ([("a.jpg", b"8BPS\x00\x01" + bytes(99))], 415, "wrong_files", ["a.jpg"]),
        ([("b.jpg", b"SIMPLE  =                    T")], 415, "wrong_files", ["b.jpg"]),
        ([("c.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n")], 415, "wrong_files", ["c.jpg"]),
        (
            [("x.jpg", b"MZ\x90\x00" * 64), ("a.jpg", photo()), ("y.pdf", b"PK\x03\x04")],
            415,
            "wrong_files",
            ["x.jpg", "y.pdf"],
        ),
        ([("vide.jpg", b"")], 415, "wrong_files", ["vide.jpg"]),
        ([("page.pdf", b"<script>%PDF-1.4</script>")], 415, "wrong_files", ["page.pdf"]),
        ([("a.jpg", photo()), ("grande.jpg", LARGE)], 413, "large_files", ["grande.jpg"]),
        ([(f"{n}.jpg", photo()) for n in range(6)], 422, "too_many_files", None),
        ([], 422, "no_files", None),
    ],
)
def test_one_wrong_file_refuses_them_all(  # noqa: PLR0913, PLR0917  a case and where it happens
    client: ApiClient,
    settings: Settings,
    files: list[tuple[str, bytes]],
    status: int,
    code: str,
    named: list[str] | None,
) -> None:
    before = counted(settings, client)
    images = [("images", (name, content, "image/png")) for name, content in files] or [("other", ("x", b"x", "a/b"))]
    body = problem(client.request("POST", "/api/upload_images", files=images), status, code)
    assert [fault["field"] for fault in body["errors"]] == ["images"] * len(named or [None])
    for name, fault in zip(named or (), body["errors"], strict=False):
        assert name in fault["detail"]
    assert counted(settings, client) == before


def test_bodies_that_are_no_form(client: ApiClient, settings: Settings) -> None:
    before = counted(settings, client)
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n' + photo() + b"\r\n"
    url = "/api/upload_images"
    problem(client.request("POST", url, content=part, headers=head), 400, "malformed_form")  # never ends
    problem(client.request("POST", url, content=part[:60], headers=head), 400, "malformed_form")
    problem(client.request("POST", url, content=part, headers={"Content-Type": "multipart/form-data"}), 400)
    cut = {**head, "Content-Length": str(len(part) + 500)}
    problem(client.request("POST", url, content=part + b"--b--\r\n", headers=cut), 400)
    bad_name = part.replace(b"a.jpg", b"\xff\xfe.jpg") + b"--b--\r\n"
    problem(client.request("POST", url, content=bad_name, headers=head), 400, "malformed_form")
    many = b"".join(part for _ in range(1000)) + b"--b--\r\n"
    problem(client.request("POST", url, content=many, headers=head), 413)
    problem(client.post(url, {"message": "M"}), 415, "wrong_type")
    problem(send(client, ("a.jpg", photo()), key="x" * 201), 400, "missing_key")
    problem(client.request("POST", url, key=None, files=[("images", ("a.jpg", photo()))]), 400, "missing_key")
    problem(send(client, ("a.jpg", photo()), message="x" * 8001), 422, "invalid")
    problem(send(client, ("a.jpg", photo()), message="a\x00b"), 422, "invalid")
    problem(send(client, ("a.jpg", photo()), conversation_id=str(uuid4())), 404, "not_found")
    huge = [("images", (f"{n}.jpg", b"\xff\xd8\xff" + bytes(11 << 20), "image/jpeg")) for n in range(5)]
    assert "0.jpg" in problem(client.request("POST", url, files=huge), 413, "large_files")["errors"][0]["detail"]
    assert counted(settings, client) == before
    hidden = part.replace(b"a.jpg", b"a\x00b\x1b[2J.jpg") + b"--b--\r\n"
    assert (
        client.request("POST", url, content=hidden, headers=head).json()["message"]["attachments"][0]["name"]
        == "ab[2J.jpg"
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("..\\..\\windows\\win.jpg", "win.jpg"),
        ("/etc/shadow", "shadow"),
        ("a\u202egpj.exe.jpg", "agpj.exe.jpg"),
        ("x" * 300 + ".jpg", "x" * 116 + ".jpg"),
        ("..", "image"),
        (" ", "image"),
        ('quote".jpg', 'quote".jpg'),
        ("مقبض.jpg", "مقبض.jpg"),
    ],
)
def test_names_are_only_names(client: ApiClient, settings: Settings, given: str, shown: str) -> None:
    before = set(kept(settings))
    answer = send(client, (given, photo()))
    assert answer.json()["message"]["attachments"][0]["name"] == shown
    (new,) = set(kept(settings)) - before
    assert new.parent == settings.data_dir.absolute() / "files" / "photos"
    assert len(new.name) == 32


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
    problem(staff.request("POST", url, files=[("images", ("x.svg", SVG, "image/png"))]), 415, "wrong_files")
    assert len(client.conversation(case)["messages"][-3]["attachments"]) == 2


def test_a_strangers_form_is_not_read(anonymous: ApiClient, settings: Settings) -> None:
    before = len(kept(settings))
    problem(send(anonymous, ("a.jpg", LARGE)), 401, "signed_out")
    anonymous.http.cookies.set("access_token", "x")
    assert send(anonymous, ("a.jpg", LARGE)).status_code in (401, 413)
    assert len(kept(settings)) == before
