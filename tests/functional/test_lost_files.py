"""A web process that dies or finds no room between a file and its row: nothing is lost, and nothing stays behind."""

from __future__ import annotations

import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import psycopg2
import pytest

from tasks import maintenance
from tests.assistant.picture_files import saved, texture
from tests.harness.servers import query
from tests.harness.waiting import wait_until
from tests.routes.api.sent_files import send
from tests.services.pictures import photo
from webapp.models.engine import open_sessions
from webapp.services import files
from webapp.storage import open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.harness.stack import Stack

TWO_HOURS = 7200
KEY = "the-same-message"


@contextmanager
def no_message_written(url: str) -> Iterator[None]:
    """Hold whoever would write a message: its files are in storage by then, and nothing is committed."""
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE message IN SHARE MODE")
        yield
        connection.rollback()


def kept(stack: Stack) -> list[Path]:
    folder = stack.settings.data_dir / "files" / "photos"
    return list(folder.iterdir()) if folder.exists() else []


def swept(stack: Stack) -> tuple[int, int]:
    """What maintenance does two hours later: (files without a row removed, rows without their file marked)."""
    past = time.time() - TWO_HOURS
    for path in kept(stack):
        os.utime(path, (past, past))
    sessions = open_sessions(stack.settings, 1)
    try:
        return maintenance.sweep(sessions, open_storage(stack.settings, "photos"), files.keys_of_photos, files.lose)
    finally:
        sessions.kw["bind"].dispose()


def test_a_web_process_that_dies_between_a_file_and_its_row(stack: Stack) -> None:
    stack.start(dispatcher=0, workers={})
    client, url = stack.client(), stack.environ["DATABASE_URL"]
    with no_message_written(url), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send, client, ("a.jpg", photo()), key=KEY)
        wait_until(lambda: len(kept(stack)) == 1, "the file to lie in storage")
        stack.kill("web")
        with pytest.raises(httpx.TransportError):
            answer.result()
    (orphan,) = kept(stack)
    assert query(url, "SELECT count(*) FROM attachment")[0][0] == 0
    stack.restart("web")
    assert send(client, ("a.jpg", photo()), key=KEY).status_code == 202  # the browser sends again what nobody confirmed
    assert query(url, "SELECT count(*) FROM message WHERE role = 'client'")[0][0] == 1
    assert swept(stack) == (1, 0)
    (of_message,) = kept(stack)
    assert of_message != orphan
    # The other way round: a row whose file is gone says so, to its customer too.
    of_message.unlink()
    assert swept(stack) == (0, 1)
    (case,) = client.get("/api/conversations").json()["items"]
    (attachment,) = client.conversation(case["id"])["messages"][0]["attachments"]
    assert (attachment["state"], bool(attachment["reason"])) == ("rejected", True)


@contextmanager
def room_for(most: int) -> Iterator[None]:
    """Let processes that are started here write files of no more bytes than `most`, as a quota would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_refuses_files_and_goes_on_with_words(stack: Stack) -> None:
    with room_for(1 << 20):
        stack.start(dispatcher=0, workers={})
    client = stack.client()
    large = saved(texture(2400, 1800), "JPEG", quality=95)
    assert len(large) > 1 << 20
    refused = send(client, ("petite.jpg", photo()), ("grande.jpg", large))
    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/storage_away")
    assert int(refused.headers["Retry-After"]) > 0
    assert kept(stack) == []
    assert client.get("/api/conversations").json()["items"] == []
    assert client.chat("Bonjour")["job"]["status"] == "queued"
    assert send(client, ("petite.jpg", photo())).status_code == 202
