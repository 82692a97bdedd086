"""Files of customers through the whole application, with a worker of images that opens each in its own process."""

from __future__ import annotations

import io
import os
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pymupdf
import pytest
from PIL import Image

from tests.assistant.picture_files import SECRET, exif, jpeg_markers, png, saved, scene, text_chunks, texture, xmp
from tests.fakes.object_store import ObjectStore
from tests.harness.servers import query
from tests.harness.waiting import wait_until
from webapp.domain import Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.harness.api import ApiClient
    from tests.harness.stack import Stack

WORKERS = {Queue.IMAGES: 1, Queue.REPLIES: 1}
METADATA = (b"Exif\x00\x00", b"http://ns.adobe.com/xap", b"GPS", SECRET.encode(), b"<x:xmpmeta", b"ICC_PROFILE")
APPLICATION_MARKERS = {*range(0xE1, 0xF0), 0xFE, -1}

HEAVY = saved(texture(4000, 3000), "JPEG", quality=60)  # seconds to clean


def send(client: ApiClient, *files: tuple[str, bytes], **form: str) -> httpx.Response:
    images = [("images", (name, content, "image/jpeg")) for name, content in files]
    return client.request("POST", "/api/upload_images", files=images, data=form)


def decided(client: ApiClient, answer: httpx.Response) -> list[dict[str, Any]]:
    """What became of the files of a message, once all are decided."""
    assert answer.status_code == 202, answer.text
    found: list[dict[str, Any]] = []

    def look() -> bool:
        said = client.conversation(answer.json()["conversation_id"])["messages"]
        found[:] = next(each for each in said if each["id"] == answer.json()["message"]["id"])["attachments"]
        return all(each["state"] != "pending" for each in found)

    wait_until(look, "files to be decided", 120)
    return found


def paper(pages: int, **how: object) -> bytes:
    document: Any = pymupdf.open()  # type: ignore[no-untyped-call]  # it has no types
    for number in range(1, pages + 1):
        page = document.new_page()
        for line in range(12):
            words = f"Commande BX-{number:02}{line:02}, poignée modèle {number * line}, {number + line} euros."
            page.insert_text((72, 72 + 20 * line + number), words)
    document.embfile_add("../../etc/x", b"hidden")
    data: bytes = document.tobytes(**how)
    return data


def bomb() -> bytes:
    """Sixty thousand by sixty thousand pixels in a few bytes."""
    return png((60_000, 60_000), 0, b"\0" * 1000, depth=8)


def test_good_files_are_cleaned_bad_ones_refused_and_the_rest_stands(stack: Stack) -> None:
    stack.start(workers=WORKERS)
    client = stack.client()
    zip_after = b"PK\x03\x04" + b"#!/bin/sh" * 100
    good = send(
        client,
        ("../../photo.jpg", saved(texture(), "JPEG", exif=exif(6), xmp=xmp(), comment=SECRET.encode()) + zip_after),
        ("capture.png", saved(scene(), "PNG", pnginfo=text_chunks())),
        ("image.webp", saved(scene(), "WEBP", exif=exif(), xmp=xmp())),
        ("facture.pdf", paper(12)),
        message="Voici la poignée",
    )
    cleaned = decided(client, good)
    assert [(each["state"], each["width"], each["pages"], each["left_out"]) for each in cleaned] == [
        ("clean", 600, 1, 0),  # turned upright
        ("clean", 640, 1, 0),
        ("clean", 640, 1, 0),
        ("clean", cleaned[3]["width"], 10, 2),
    ]
    assert "BX-0100" in cleaned[3]["alt"]
    job = stack.wait_job(client, good.json()["job"]["id"])
    assert job["result"]["message"]["reply_to"] == good.json()["message"]["id"]
    bad = send(
        client,
        ("bombe.png", bomb()),
        ("moitié.jpg", saved(texture(), "JPEG")[:5000]),
        ("fermé.pdf", paper(1, encryption=5, user_pw="x", owner_pw="y")),
        ("gif.gif", b"GIF89a/*" + b"\xff" * 40 + b"*/=1;alert(1)"),
        ("bonne.jpg", saved(scene(), "JPEG")),
    )
    found = decided(client, bad)
    assert [each["state"] for each in found] == [*["rejected"] * 4, "clean"]
    assert all(each["reason"].endswith(".") for each in found[:4])
    assert "trop grande" in found[0]["reason"]
    assert "mot de passe" in found[2]["reason"]
    for each in (*cleaned, found[4]):
        for page in range(1, each["pages"] + 1):
            for variant in ("full", "thumb"):
                shown = client.get(f"/api/attachments/{each['id']}", params={"variant": variant, "page": page})
                assert shown.status_code == 200
                _holds_pixels_alone(shown.content)
    wait_until(lambda: _originals(stack) == 0, "what was sent to be forgotten")
    for file in (stack.settings.data_dir / "files" / "photos").iterdir():
        if _has_row(stack, file.name):
            _holds_pixels_alone(file.read_bytes())
    counted = re.search(r"^sav_upload_bytes_total(?:\{.*\})? (\S+)$", stack.metrics(), re.MULTILINE)
    assert counted is not None
    assert float(counted[1]) == _bytes(stack)


def _holds_pixels_alone(data: bytes) -> None:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format in {"JPEG", "PNG"}
        image.load()
    assert not [word for word in METADATA if word in data]
    if data[:2] == b"\xff\xd8":
        assert not set(jpeg_markers(data)) & APPLICATION_MARKERS


def _originals(stack: Stack) -> int:
    found = query(stack.settings.database_url, "SELECT count(*) FROM attachment_file WHERE variant = 'original'")
    return int(str(found[0][0]))


def _has_row(stack: Stack, key: str) -> bool:
    return bool(query(stack.settings.database_url, "SELECT 1 FROM attachment_file WHERE key = %s", [key]))


def _bytes(stack: Stack) -> int:
    return int(str(query(stack.settings.database_url, "SELECT sum(size) FROM attachment")[0][0]))


def test_a_file_takes_down_its_own_process_and_nothing_else(stack: Stack) -> None:
    stack.start(workers={Queue.IMAGES: 1})
    client = stack.client()
    answer = send(client, ("lourde.jpg", HEAVY))
    child = _wait_for(stack, "tasks.cleaning")
    seen = Path(f"/proc/{child}/environ").read_bytes()
    assert not any(word in seen for word in (b"SECRET_KEY", b"DATABASE_URL", b"REDIS_URL", b"OPENAI"))
    limits = Path(f"/proc/{child}/limits").read_text()
    os.kill(child, signal.SIGKILL)
    (one,) = decided(client, answer)
    assert (one["state"], one["reason"] is not None) == ("rejected", True)
    assert "Max core file size" in limits
    # The worker dies in the middle: its file is cleaned by the next, its process ends with it.
    answer = send(client, ("lourde.jpg", HEAVY))
    child = _wait_for(stack, "tasks.cleaning")
    stack.kill("images-1")
    wait_until(lambda: not Path(f"/proc/{child}").exists(), "the child of a dead worker to end")
    stack.restart("images-1")
    assert decided(client, answer)[0]["state"] == "clean"


def _wait_for(stack: Stack, module: str) -> int:
    """The process that works on a file, once it is there."""
    found: list[int] = []

    def look() -> bool:
        mine = str(stack.settings.data_dir.absolute()).encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    argv = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if module.encode() in argv and mine in argv:
                    found[:] = [int(entry.name)]
        return bool(found)

    wait_until(look, f"{module} to be at work")
    return found[0]


@pytest.fixture
def stored_away(new_stack: Callable[..., Stack], database_url: str, redis_url: str) -> Callable[[ObjectStore], Stack]:
    def make(store: ObjectStore) -> Stack:
        return new_stack(database_url, redis_url, STORAGE_URL=store.url, STORAGE_OPTIONS=store.options)

    return make


def test_files_in_an_object_store(stored_away: Callable[[ObjectStore], Stack], tmp_path: Path) -> None:
    with ObjectStore(tmp_path) as store:
        stack = stored_away(store).start(workers={Queue.IMAGES: 1})
        client = stack.client()
        (one,) = decided(client, send(client, ("a.jpg", saved(scene(), "JPEG", exif=exif(6)))))
        assert (one["state"], one["width"]) == ("clean", 480)
        _holds_pixels_alone(client.get(f"/api/attachments/{one['id']}").content)
        photos = stack.settings.data_dir / "files" / "photos"
        assert not photos.exists() or list(photos.iterdir()) == []
    refused = send(client, ("a.jpg", saved(scene(), "JPEG")))  # the store is away
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    assert client.get(f"/api/attachments/{one['id']}").status_code == 503
    assert client.chat("Bonjour")["job"]["status"] == "queued"
