"""Bringing documents in, listing, withdrawing and searching them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tests.harness import application
from tests.harness.api import ApiClient
from tests.harness.people import create_person
from tests.harness.servers import query
from tests.routes.api.problem import problem
from tests.routes.pages.forms import submit
from tests.services.work import claimed, transaction
from webapp.domain import JobKind, Language, Role
from webapp.services import documents, supervision
from webapp.services.documents import NewPassage, NewText

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from tests.harness.servers import Servers
    from webapp.settings import Settings

Json = dict[str, Any]

FIELDS = {
    *("id", "title", "filename", "audience", "language", "state", "reason", "page_count", "passages", "size"),
    *("created_at", "published_at"),
}


def _upload(
    admin: ApiClient, name: str, content: bytes | None = None, audience: str | None = "public"
) -> httpx.Response:
    body = uuid4().bytes if content is None else content
    data = None if audience is None else {"audience": audience}
    return admin.post("/api/knowledge/documents", files={"file": (name, body, "text/plain")}, data=data)


def _publish(database_url: str, uploaded: Json, text: str = "La garantie dure cinq ans.") -> None:
    passage = NewPassage(0, 1, "", text, Language.FR, "test", b"")
    with transaction(database_url) as session:
        claim = claimed(session, uploaded["job"]["id"], JobKind.INGEST)
        assert documents.publish(session, claim.document, NewText("Notice", Language.FR, 1, [passage])) is not None


def _files(settings: Settings) -> set[Path]:
    return set((settings.data_dir / "files" / "documents").glob("*"))


@pytest.mark.parametrize(
    "name", [f"notice.{kind}" for kind in ("pdf", "md", "txt", "html", "htm", "json", "docx", "PDF")]
)
def test_a_document_of_each_kind_is_taken(admin: ApiClient, staff: ApiClient, name: str) -> None:
    answer = _upload(admin, name)
    assert answer.status_code == 202
    document, job = answer.json()["document"], answer.json()["job"]
    assert set(document) == FIELDS
    assert (document["filename"], document["state"], document["passages"]) == (name, "pending", 0)
    assert (job["kind"], job["status"]) == ("ingest", "queued")
    assert staff.get(f"/api/knowledge/documents/{document['id']}").json() == document


@pytest.mark.parametrize(
    "name", ["notice.exe", "notice", "notice.pdf.exe", "notice.svg", "pdf", "notice.pdf\u202e.exe"]
)
def test_another_kind_is_refused_and_not_kept(admin: ApiClient, settings: Settings, name: str) -> None:
    before = _files(settings)
    found = problem(_upload(admin, name), 415, "wrong_type")
    assert found["errors"][0]["field"] == "file"
    assert _files(settings) == before


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/notice.pdf", "notice.pdf"),
        ("C:\\Users\\me\\notice.pdf", "notice.pdf"),
        ("/notice.pdf", "notice.pdf"),
        ("no\x00ti\x1fce.pdf", "notice.pdf"),
        ("notice\u202efdp.pdf", "noticefdp.pdf"),
        ("été à la plage.pdf", "été à la plage.pdf"),
    ],
)
def test_a_name_is_only_a_name(admin: ApiClient, given: str, kept: str) -> None:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
        + given.encode().replace(b"\\", b"\\\\")
        + b'"\r\nContent-Type: text/plain\r\n\r\n'
        + uuid4().bytes
        + b"\r\n--b--\r\n"
    )
    answer = admin.post(
        "/api/knowledge/documents", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert answer.status_code == 202, answer.text
    assert answer.json()["document"]["filename"] == kept


def test_a_file_and_an_audience_are_needed(admin: ApiClient) -> None:
    found = problem(admin.post("/api/knowledge/documents", data={"audience": "public"}), 422, "invalid")
    assert found["errors"][0]["field"] == "file"
    problem(admin.post("/api/knowledge/documents", {"file": "notice.pdf"}), 422, "invalid")
    found = problem(_upload(admin, "notice.txt", audience="everybody"), 422, "invalid")
    assert found["errors"][0]["field"] == "audience"


def test_too_large_a_document_is_refused_and_not_kept(
    admin: ApiClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webapp.routes.acts import documents as acts  # noqa: PLC0415  only this test changes its limit

    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 1000)
    monkeypatch.setattr(acts, "MAX_FORM_BYTES", 100_000)
    before = _files(settings)
    problem(_upload(admin, "notice.txt", b"x" * 1001), 413, "too_large")
    problem(_upload(admin, "notice.txt", b"x" * 200_000), 413, "http_413")
    assert _upload(admin, "notice.txt", uuid4().hex.encode() * 31).status_code == 202
    assert len(_files(settings) - before) == 1
    assert not [file for file in _files(settings) if file.suffix == ".part"]


def test_the_same_file_twice_is_one_document(admin: ApiClient, settings: Settings, database_url: str) -> None:
    content = uuid4().bytes
    first = _upload(admin, "notice.txt", content).json()
    before = _files(settings)
    again = _upload(admin, "copie.txt", content, audience="internal").json()
    assert (again["document"]["id"], again["job"]["id"]) == (first["document"]["id"], first["job"]["id"])
    assert again["document"]["audience"] == "public"  # the same file again changes nothing
    assert _files(settings) == before
    with transaction(database_url) as session:
        supervision.refuse(session, claimed(session, first["job"]["id"], JobKind.INGEST), "empty")
    failed = admin.get(f"/api/knowledge/documents/{first['document']['id']}").json()
    assert (failed["state"], failed["reason"]) == ("failed", "Ce document ne contient aucun texte.")
    third = _upload(admin, "notice.txt", content).json()
    assert third["document"]["state"] == "pending"
    assert third["job"]["id"] != first["job"]["id"]


def test_files_have_names_of_ours_and_are_nobody_elses_to_read(admin: ApiClient, settings: Settings) -> None:
    before = _files(settings)
    _upload(admin, "notice.txt")
    (kept,) = _files(settings) - before
    assert len(kept.name) == 32
    assert kept.parent.stat().st_mode & 0o777 == 0o700


def test_a_withdrawn_document_is_gone_at_once(
    client: ApiClient, admin: ApiClient, settings: Settings, database_url: str
) -> None:
    before = _files(settings)
    uploaded = _upload(admin, "notice.txt").json()
    document_id = uploaded["document"]["id"]
    _publish(database_url, uploaded)
    assert client.get(f"/documents/{document_id}").status_code == 200
    index = admin.get("/api/knowledge/index").json()
    deleted = admin.delete(f"/api/knowledge/documents/{document_id}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    problem(admin.get(f"/api/knowledge/documents/{document_id}"), 404)
    problem(admin.delete(f"/api/knowledge/documents/{document_id}"), 404)
    assert client.get(f"/documents/{document_id}").status_code == 404
    assert _files(settings) == before
    assert query(database_url, "SELECT count(*) FROM passage WHERE document_id = %s", [document_id]) == [(0,)]
    after = admin.get("/api/knowledge/index").json()
    assert (after["version"], after["chunks"]) == (index["version"] + 1, index["chunks"] - 1)


class Stuck(MemoryFileSystem):  # type: ignore[misc]  # fsspec ships no types
    """A storage that keeps and gives, and cannot remove."""

    protocol = "stuck"

    def rm_file(self, path: str) -> None:
        raise OSError(30, "Read-only file system", path)


@pytest.fixture
def stuck_admin(database_url: str, servers: Servers, tmp_path: Path) -> Iterator[ApiClient]:
    """An admin of an application on such a storage."""
    fsspec.register_implementation("stuck", Stuck, clobber=True)
    given = {"STORAGE_URL": "stuck:///store", "STORAGE_OPTIONS": "{}", "RATELIMIT_ENABLED": "false"}
    of = application.settings(database_url, servers.redis_url, tmp_path, **given)
    person = create_person(of.database_url, Role.ADMIN)
    with application.created(of) as app:
        admin = ApiClient.over_wsgi(app)
        admin.login(person.email, person.password)
        yield admin
        admin.close()


def test_a_storage_that_cannot_remove_keeps_nobody_from_withdrawing(stuck_admin: ApiClient) -> None:
    by_call, by_form = (_upload(stuck_admin, "notice.txt").json()["document"]["id"] for _ in range(2))
    assert stuck_admin.delete(f"/api/knowledge/documents/{by_call}").status_code == 204
    path = f"/knowledge/{by_form}/delete"
    gone = submit(stuck_admin, stuck_admin.get(path), path)
    assert (gone.status_code, gone.headers["Location"]) == (303, "/knowledge?notice=deleted")
    for document_id in (by_call, by_form):
        problem(stuck_admin.get(f"/api/knowledge/documents/{document_id}"), 404)
    content = uuid4().bytes
    first, again = (_upload(stuck_admin, "notice.txt", content) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["document"]["id"] == again.json()["document"]["id"]


def test_internal_documents_are_not_there_for_customers(
    client: ApiClient, staff: ApiClient, admin: ApiClient, database_url: str
) -> None:
    uploaded = _upload(admin, "interne.txt", audience="internal").json()
    _publish(database_url, uploaded, "Le geste commercial est de dix pour cent.")
    path = f"/documents/{uploaded['document']['id']}"
    assert client.get(path).status_code == 404
    assert "geste commercial" in staff.get(path).text


def test_documents_are_listed_newest_first_and_by_pages(admin: ApiClient, staff: ApiClient) -> None:
    ids = [_upload(admin, f"{n}.txt").json()["document"]["id"] for n in range(5)]
    listed: list[str] = []
    cursor: str | None = ""
    while cursor is not None and len(listed) < 5:
        page = staff.get(
            "/api/knowledge/documents", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        listed += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert listed[:5] == ids[::-1]
    problem(staff.get("/api/knowledge/documents", params={"cursor": "x"}), 422)


def test_the_index_says_how_it_is(staff: ApiClient, admin: ApiClient, database_url: str) -> None:
    uploaded = _upload(admin, "notice.txt").json()
    building = staff.get("/api/knowledge/index").json()
    assert set(building) == {"version", "state", "chunks", "built_at", "error"}
    assert building["state"] == "building"
    _publish(database_url, uploaded)
    assert staff.get("/api/knowledge/index").json()["version"] == building["version"] + 1


def test_a_search_is_a_job(staff: ApiClient) -> None:
    answer = staff.post("/api/knowledge/search", {"query": " garantie ", "k": 3})
    assert answer.status_code == 202
    assert answer.json()["job"] == staff.job(answer.json()["job"]["id"])
    assert answer.json()["job"]["kind"] == "search"
    for wrong in (
        {},
        {"query": ""},
        {"query": " "},
        {"query": "x" * 501},
        {"query": "q", "k": 0},
        {"query": "q", "k": 21},
    ):
        problem(staff.post("/api/knowledge/search", wrong), 422, "invalid")
    problem(staff.post("/api/knowledge/search", {"query": "q", "k": "many"}), 422, "invalid")
