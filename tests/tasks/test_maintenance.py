"""Storage and rows are kept in agreement, from both sides, and a storage that is not the one it was is left alone."""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tasks import maintenance
from tests.fakes.object_store import ObjectStore
from tests.harness import application
from tests.harness.waiting import wait_until
from tests.services.pictures import clean, image_jobs, photo, send, stored
from tests.services.work import identity
from webapp.domain import Audience
from webapp.models.engine import open_sessions
from webapp.services import documents, files
from webapp.storage import Storage, open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.orm import Session, sessionmaker

    from webapp.settings import Settings

TWO_HOURS = 7200


@pytest.fixture
def sessions(settings: Settings) -> Iterator[sessionmaker[Session]]:
    made = open_sessions(settings, 2)
    yield made
    made.kw["bind"].dispose()


def age(path: Path) -> None:
    past = time.time() - TWO_HOURS
    os.utime(path, (past, past))


def attached(sessions: sessionmaker[Session], storage: Storage, count: int = 1) -> None:
    """Clean pictures of one customer, each in two sizes."""
    with sessions.begin() as session:
        client = identity(session)
        for _ in range(count):
            sent = send(session, client, stored(storage, photo()))
            assert clean(session, image_jobs(session, sent.message_id)[0], storage)


def states(sessions: sessionmaker[Session]) -> list[tuple[str, str | None]]:
    with sessions.begin() as session:
        return [(row[0], row[1]) for row in session.execute(text("SELECT state, reason FROM attachment ORDER BY id"))]


def test_rows_and_files_find_each_other(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    storage = Storage.local(tmp_path / "photos")
    attached(sessions, storage, 2)
    # What was sent is removed once its row is gone.
    assert len(list(storage.files())) == 6
    assert maintenance.remove_due(sessions, storage) == 2
    assert maintenance.remove_due(sessions, storage) == 0
    there = {file.key for file in storage.files()}
    assert len(there) == 4
    # Files without a row go when they are old enough; those whose row may still come stay.
    young, old = (storage.put(io.BytesIO(b"x"), limit=9).key for _ in range(2))
    unfinished = tmp_path / "photos" / "abc.part"
    unfinished.write_bytes(b"x")
    for path in (tmp_path / "photos" / old, unfinished):
        age(path)
    assert maintenance.sweep(sessions, storage, files.keys_of_photos, files.lose) == (2, 0)
    assert {file.key for file in storage.files()} == there | {young}
    # A row whose file is gone says so, and lets its other file go.
    lost = min(there)
    storage.delete(lost)
    assert maintenance.sweep(sessions, storage, files.keys_of_photos, files.lose) == (0, 1)
    assert sorted(states(sessions)) == [("clean", None), ("rejected", "lost")]
    assert maintenance.sweep(sessions, storage, files.keys_of_photos, files.lose) == (0, 0)
    assert maintenance.remove_due(sessions, storage) == 2
    assert {file.key for file in storage.files()} < there | {young}
    # Work on files that a death left there.
    workshop = tmp_path / "incoming"
    for name in ("new", "old"):
        (workshop / name).mkdir(parents=True)
        (workshop / name / "full.jpeg").write_bytes(b"x")
    (workshop / "old.part").write_bytes(b"x")
    age(workshop / "old")
    age(workshop / "old.part")
    maintenance.empty(workshop)
    assert [path.name for path in workshop.iterdir()] == ["new"]
    maintenance.empty(tmp_path / "nowhere")


def test_mails_that_are_files_are_kept_for_a_month(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what somebody else keeps there is not ours; a link to nowhere in another folder holds nothing up."""
    mails, incoming = settings.data_dir / "mail", settings.data_dir / "files" / "incoming"
    (mails / "read").mkdir(parents=True)
    incoming.mkdir(parents=True)
    (incoming / "link").symlink_to(incoming / "nowhere")
    old, young, note, read = (mails / name for name in ("old.eml", "young.eml", "note.txt", "read/old.eml"))
    for path, days in ((old, 31), (young, 29), (note, 31), (read, 31), (mails / "read", 31)):
        if not path.is_dir():
            path.write_text("x")
        past = time.time() - days * 24 * 3600
        os.utime(path, (past, past))
    monkeypatch.setattr(maintenance, "REMOVE_EVERY_S", 0.05)
    keeper = maintenance.Keeper(settings)
    keeper.start()
    wait_until(lambda: not old.exists(), "the old mail to be removed")
    keeper.stop()
    assert {path for path in mails.rglob("*") if path.is_file()} == {young, note, read}


def test_documents_keep_their_files(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    storage = Storage.local(tmp_path / "documents")
    with sessions.begin() as session:
        kept, _ = documents.store(
            session, storage, io.BytesIO(b"a"), filename="a.txt", audience=Audience.PUBLIC, author=None
        )
        gone, _ = documents.store(
            session, storage, io.BytesIO(b"b"), filename="b.txt", audience=Audience.PUBLIC, author=None
        )
        documents.withdraw(session, gone.id)
    for path in (tmp_path / "documents").iterdir():
        age(path)
    assert maintenance.sweep(sessions, storage, files.keys_of_documents) == (1, 0)
    assert [file.key for file in storage.files()] == [kept.storage_key]


def test_a_database_that_is_not_the_one_it_was_erases_nothing(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    """One started before its restore, or another one by mistake."""
    storage = Storage.local(tmp_path / "photos")
    kept = {storage.put(io.BytesIO(f"{number}".encode()), limit=9).key for number in range(5)}
    for path in (tmp_path / "photos").iterdir():
        age(path)
    assert maintenance.sweep(sessions, storage, files.keys_of_photos, files.lose) == (0, 0)  # it knows none of them
    attached(sessions, storage)
    kept |= {storage.put(io.BytesIO(f"{number}".encode()), limit=9).key for number in range(5, 25)}
    for path in (tmp_path / "photos").iterdir():
        age(path)
    assert maintenance.sweep(sessions, storage, files.keys_of_photos, files.lose) == (0, 0)  # it knows a few
    assert kept < {file.key for file in storage.files()}


def test_in_an_object_store_alike_and_an_empty_one_erases_nothing(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    with ObjectStore(tmp_path) as running:
        given = {"STORAGE_URL": running.url, "STORAGE_OPTIONS": running.options}
        of = application.settings("postgresql://-", "redis://-", tmp_path, **given)
        storage, elsewhere = open_storage(of, "photos"), open_storage(of, "empty")
        attached(sessions, storage, 12)
        assert maintenance.remove_due(sessions, storage) == 12
        assert maintenance.sweep(sessions, elsewhere, files.keys_of_photos, files.lose) == (0, 0)
        assert states(sessions) == [("clean", None)] * 12
        storage.delete(next(storage.files()).key)
        assert maintenance.sweep(sessions, storage, files.keys_of_photos, files.lose) == (0, 1)
        assert ("rejected", "lost") in states(sessions)
