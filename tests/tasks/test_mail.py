"""Letters: what is in them, and what becomes of them with each kind of mail server."""

from __future__ import annotations

import shutil
import stat
import subprocess
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tasks import mail
from tasks.base import RefusedError
from tasks.outward import AwayError
from tests.fakes.smtp_server import Fault, SmtpServer
from webapp.domain import Language, Notice
from webapp.services.notices import Letter
from webapp.texts import say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

ADDRESS = "https://sav.example"
SENDER = "noreply@sav.example"
PASSWORD = "a password: of the mail server"


@pytest.fixture
def server() -> Iterator[SmtpServer]:
    with SmtpServer() as running:
        yield running


def _letter(
    notice: Notice = Notice.PERSON_ANSWERED, *, firm: str = "Volets & Fils", to: str = "c@example.com"
) -> Letter:
    return Letter(uuid4(), to, Language.FR, notice.value, f"/chat/{uuid4()}", firm)


def _composed(letter: Letter, encoding: str = mail.SAFE) -> EmailMessage:
    return mail.compose(letter, ADDRESS, SENDER, encoding)


def _send(letter: Letter, url: str) -> None:
    mail.send(_composed(letter), url, ADDRESS)


@pytest.mark.parametrize("notice", list(Notice))
@pytest.mark.parametrize("language", list(Language))
def test_every_notice_has_its_words_and_its_link(notice: Notice, language: Language) -> None:
    letter = Letter(uuid4(), "c@example.com", language, notice.value, "/chat/1", "Volets")
    message = _composed(letter)
    assert message["Subject"]
    assert f"{ADDRESS}/chat/1" in message.get_content()


def test_a_letter_arrives_with_its_headers_and_its_link(server: SmtpServer) -> None:
    letter = _letter(Notice.CASE_CLOSED)
    _send(letter, server.url)
    (received,) = server.letters
    message = received.message
    assert (received.sender, received.to) == (SENDER, ["c@example.com"])
    assert message["From"] == f"Volets & Fils <{SENDER}>"
    assert message["To"] == "c@example.com"
    assert message["Subject"] == say("mail.case_closed.subject", Language.FR) == "Votre demande est terminée"
    assert message["Message-ID"] == f"<{letter.id}@sav.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.tzinfo is not None
    assert f"{ADDRESS}{letter.path}" in message.get_content()
    assert received.raw.isascii(), "not every server takes eight bits"


def test_a_firm_cannot_write_a_header(server: SmtpServer) -> None:
    _send(_letter(firm="Volets\r\nBcc: everybody@example.com\n\nBuy\x00 this\u2028now"), server.url)
    (received,) = server.letters
    assert received.to == ["c@example.com"]
    assert received.message["Bcc"] is None
    assert received.message["Subject"] == "Volets Bcc: everybody@example.com Buy this now vous a répondu"


def test_the_password_is_given_by_name(server: SmtpServer) -> None:
    with SmtpServer(user="sav", password=PASSWORD) as locked:
        _send(_letter(), locked.url.replace(PASSWORD, PASSWORD.replace(" ", "%20").replace(":", "%3A")))
        assert locked.letters[0].user == "sav"
        with pytest.raises(AwayError) as refused:
            _send(_letter(), locked.url.replace(PASSWORD, "wrong"))
        assert str(refused.value) == "SMTPAuthenticationError 535", "it is for somebody to mend, and says no secret"
    assert server.conversations == 0


def test_a_password_is_not_said_in_the_clear_to_another_machine(
    server: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "_here", lambda _host: False)
    with SmtpServer(user="sav", password="secret") as locked:
        with pytest.raises(AwayError, match="no encryption"):
            _send(_letter(), locked.url)
        assert locked.letters == []
    _send(_letter(), server.url)
    assert len(server.letters) == 1, "without a password there is nothing to protect"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of this machine that nobody has signed but itself, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    whole = tmp_path / "both.pem"
    whole.write_text(key.read_text() + certificate.read_text())
    return whole


def test_encryption_is_used_where_it_is_offered_and_checked(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "_here", lambda _host: False)
    with SmtpServer(user="sav", password="secret", tls=certificate) as offered:
        with pytest.raises(AwayError, match="SSLCertVerificationError"):
            _send(_letter(), offered.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        _send(_letter(), offered.url)
        (received,) = offered.letters
        assert (received.encrypted, received.user) == (True, "sav")


@pytest.mark.parametrize("fault", [Fault.BUSY, Fault.GREYLISTED, Fault.FULL])
def test_a_server_that_cannot_now_is_asked_again(server: SmtpServer, fault: Fault) -> None:
    server.set(fault, times=1)
    letter = _letter()
    with pytest.raises(AwayError):
        _send(letter, server.url)
    assert server.letters == []
    _send(letter, server.url)
    assert len(server.letters) == 1


def test_nobody_at_home_is_asked_again() -> None:
    with SmtpServer() as server:
        url = server.url
    with pytest.raises(AwayError, match="ConnectionRefusedError"):
        _send(_letter(), url)


@pytest.mark.parametrize(("fault", "code"), [(Fault.NO_SUCH_READER, "recipient"), (Fault.CONTENT, "content")])
def test_a_refusal_for_ever_is_one(server: SmtpServer, fault: Fault, code: str) -> None:
    server.set(fault)
    with pytest.raises(RefusedError) as refused:
        _send(_letter(), server.url)
    assert refused.value.code == code


def test_a_server_that_keeps_silent_or_drips_is_left(server: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "STEP_S", 0.3)
    server.set(Fault.SILENCE, times=1)
    with pytest.raises(AwayError):
        _send(_letter(), server.url)
    monkeypatch.setattr(mail, "STEP_S", 60)
    monkeypatch.setattr(mail, "WHOLE_S", 0.3)
    server.set(Fault.DRIP, times=1)
    with pytest.raises(AwayError):
        _send(_letter(), server.url)
    monkeypatch.undo()
    _send(_letter(), server.url)
    assert len(server.letters) == 1


def test_a_letter_whose_answer_is_lost_comes_twice_under_one_id(server: SmtpServer) -> None:
    letter = _letter()
    server.set(Fault.CUT_AFTER_DATA, times=1)
    with pytest.raises(AwayError):
        _send(letter, server.url)
    _send(letter, server.url)
    assert [received.message["Message-ID"] for received in server.letters] == [f"<{letter.id}@sav.example>"] * 2


def test_a_letter_that_was_taken_is_taken_whatever_follows(server: SmtpServer) -> None:
    server.set(Fault.RUDE_GOODBYE)
    _send(_letter(), server.url)
    assert len(server.letters) == 1


def test_an_address_the_server_cannot_write_is_refused(server: SmtpServer) -> None:
    with pytest.raises(RefusedError) as refused:
        _send(_letter(to="zoé@example.com"), server.url)
    assert refused.value.code == "recipient"


def test_a_file_can_be_read_by_its_owner_alone_and_as_it_is(tmp_path: Path) -> None:
    letter, folder = _letter(), tmp_path / "data" / "mail"
    for _ in range(2):
        mail.write(_composed(letter, mail.READABLE), folder, letter.id)
    (file,) = folder.iterdir()
    assert file.name == f"{letter.id}.eml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    words = file.read_text("utf-8")
    assert f"\n{ADDRESS}{letter.path}\n" in words
    assert "Une personne de l’équipe a répondu" in words
