"""Forms with files as they arrive: what is no file of ours, no form, or no name is refused or made harmless."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.routes.api.problem import problem
from tests.routes.api.sent_files import LARGE, counted, kept, send
from tests.services.pictures import photo

if TYPE_CHECKING:
    from tests.harness.api import ApiClient
    from webapp.settings import Settings

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


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
        ("\u200b.jpg", "image.jpg"),
        ('";alert(1)//.jpg', "image.jpg"),
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


def test_a_strangers_form_is_not_read(anonymous: ApiClient, settings: Settings) -> None:
    before = len(kept(settings))
    problem(send(anonymous, ("a.jpg", LARGE)), 401, "signed_out")
    anonymous.http.cookies.set(f"{settings.port}_access_token", "x")
    assert send(anonymous, ("a.jpg", LARGE)).status_code in (401, 413)
    assert len(kept(settings)) == before
