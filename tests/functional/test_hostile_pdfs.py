"""PDFs made to end or to hold whoever opens them: each is shown or refused with its reason, and the worker lives."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pymupdf

from tests.harness.waiting import wait_until
from tests.routes.api.sent_files import send
from webapp.domain import Queue

if TYPE_CHECKING:
    from tests.harness.api import ApiClient, Json
    from tests.harness.stack import Stack

PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"
PAGE_WITH_CONTENT = PAGE.replace(b">>", b"/Contents 4 0 R>>")
ONE_PAGE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def pdf(catalog: bytes, *objects: bytes) -> bytes:
    """A file of these objects, numbered from 2; the catalog is 1, its tree of pages 2."""
    parts, offsets, at = [b"%PDF-1.7\n"], [], 9
    for number, content in enumerate((b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>", *objects), 1):
        parts.append(b"%d 0 obj\n%b\nendobj\n" % (number, content))
        offsets.append(at)
        at += len(parts[-1])
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
    parts += [b"%010d 00000 n \n" % offset for offset in offsets]
    parts.append(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(offsets) + 1, at))
    return b"".join(parts)


def flate_bomb() -> bytes:
    """Half a gigabyte of drawing orders, deflated three times to a thousand bytes."""
    deflater = zlib.compressobj(9)
    data = b"".join([*(deflater.compress(b"q " * (1 << 19)) for _ in range(512)), deflater.flush()])
    for _ in range(2):
        data = zlib.compress(data, 9)
    filters = b"/FlateDecode" * 3
    return pdf(
        b"", ONE_PAGE, PAGE_WITH_CONTENT, b"<</Length %d/Filter[%b]>>stream\n%b\nendstream" % (len(data), filters, data)
    )


def many_pages(count: int) -> bytes:
    kids = b" ".join(b"%d 0 R" % number for number in range(3, count + 3))
    return pdf(b"", b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, count), *[PAGE] * count)


def cyclic_tree() -> bytes:
    return pdf(
        b"", b"<</Type/Pages/Kids[2 0 R 3 0 R]/Count 9999/Parent 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 5>>"
    )


def cyclic_outline() -> bytes:
    entry = b"<</Title(a)/Parent 4 0 R/Next 5 0 R/Prev 5 0 R/First 5 0 R/Last 5 0 R>>"
    return pdf(b"/Outlines 4 0 R", ONE_PAGE, PAGE, b"<</First 5 0 R/Last 5 0 R>>", entry)


def with_script_and_file() -> bytes:
    document: Any = pymupdf.open()  # type: ignore[no-untyped-call]  # it has no types
    document.new_page().insert_text((72, 72), "Facture")
    document.xref_set_key(document.pdf_catalog(), "OpenAction", "<</S/JavaScript/JS(app.alert\\(1\\))>>")
    document.embfile_add("../../etc/x", b"hidden")
    data: bytes = document.tobytes()
    return data


def locked() -> bytes:
    document: Any = pymupdf.open(stream=with_script_and_file(), filetype="pdf")  # type: ignore[no-untyped-call]  # idem
    data: bytes = document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="x", owner_pw="y")
    return data


def decided(client: ApiClient, **files: bytes) -> tuple[dict[str, Json], str]:
    """What became of each file, by its name, and the id of its case."""
    sent = send(client, *((f"{name}.pdf", content) for name, content in files.items()))
    assert sent.status_code == 202, sent.text
    case = sent.json()["conversation_id"]

    def found() -> list[Json]:
        attachments: list[Json] = client.conversation(case)["messages"][0]["attachments"]
        return attachments

    wait_until(lambda: all(each["state"] != "pending" for each in found()), "each PDF to be decided", 180)
    return {each["name"].removesuffix(".pdf"): each for each in found()}, case


def test_hostile_pdfs_end_alone_and_their_reason_is_read_at_the_desk(stack: Stack) -> None:
    stack.start(workers={Queue.IMAGES: 1})
    client, staff = stack.client(), stack.staff()
    worker = stack.process("images-1")
    pid = worker.pid
    first, case = decided(
        client,
        bomb=flate_bomb(),
        tree=cyclic_tree(),
        outline=cyclic_outline(),
        locked=locked(),
        huge=many_pages(100_000),
    )
    assert first["bomb"]["state"] == "rejected"
    assert first["tree"]["state"] == "rejected"
    assert "mot de passe" in first["locked"]["reason"]
    assert (first["outline"]["state"], first["outline"]["pages"]) == ("clean", 1)
    assert (first["huge"]["pages"], first["huge"]["left_out"]) == (10, 99_990)
    at_the_desk = staff.conversation(case)["messages"][0]["attachments"]
    assert [each["reason"] for each in at_the_desk] == [each["reason"] for each in first.values()]
    good, _ = decided(client, script=with_script_and_file())
    assert good["script"]["state"] == "clean"
    page = client.get(f"/api/attachments/{good['script']['id']}").content
    assert not [word for word in (b"JavaScript", b"hidden", b"etc/x") if word in page]
    assert worker.alive
    assert worker.pid == pid
    assert {path.name for path in (stack.settings.data_dir / "files").iterdir()} <= {"incoming", "photos", "documents"}
