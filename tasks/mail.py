"""Mails: composed, and sent by SMTP, or written as files where no server is given.

A letter that is tried again keeps its Message-ID: where the answer to its last byte was lost it may come twice, and
a mail program shows the two as one.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from tasks.base import RefusedError
from tasks.outward import STEP_S, AwayError, cut_after
from webapp.texts import say

if TYPE_CHECKING:
    from pathlib import Path
    from urllib.parse import SplitResult
    from uuid import UUID

    from webapp.services.notices import Letter

WHOLE_S = 40.0
SUBMISSION_PORT, TLS_PORT = 587, 465
FINAL = range(500, 600)
READABLE, SAFE = "8bit", "quoted-printable"  # a file is read as it is; not every server takes eight bits


def compose(letter: Letter, address: str, sender: str, encoding: str) -> EmailMessage:
    """Return a letter with a link and no word of the conversation."""
    firm = _one_line(letter.firm)
    message = EmailMessage()
    message["From"] = Address(firm, addr_spec=sender)
    message["To"], message["Date"] = letter.to, formatdate(usegmt=True)
    message["Message-ID"] = f"<{letter.id}@{_host(address)}>"
    message["Auto-Submitted"] = "auto-generated"  # no holiday reply is wanted
    message["Subject"] = say(f"mail.{letter.notice}.subject", letter.language, firm=firm)
    body = say(f"mail.{letter.notice}.body", letter.language, firm=firm, link=address + letter.path)
    message.set_content(body, cte=encoding)
    return message


def _one_line(text: str) -> str:
    """Return a text that can be a header's: a line break in a name must not begin another header."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _host(address: str) -> str:
    return urlsplit(address).hostname or "localhost"


def write(message: EmailMessage, folder: Path, name: UUID) -> None:
    """Write a letter as a file that is there whole or not at all."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = folder / f".{name}"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(message.as_bytes())
    unfinished.replace(folder / f"{name}.eml")


def send(message: EmailMessage, url: str, address: str) -> None:
    """Hand a letter to an smtp:// (STARTTLS where offered) or smtps:// server.

    Raises:
        AwayError: the server cannot take it now, or does not take us; somebody may mend that.
        RefusedError: it never takes this reader, or this letter.
    """
    server = urlsplit(url)
    connection = _client(server, _host(address))
    try:
        with cut_after(WHOLE_S, connection):
            _open(connection, server)
            connection.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise _verdict(next(iter(error.recipients.values()))[0], "recipient") from None
    except smtplib.SMTPDataError as error:
        raise _verdict(error.smtp_code, "content") from None
    except smtplib.SMTPNotSupportedError:
        raise RefusedError("recipient") from None  # an address in other letters than a to z
    except smtplib.SMTPResponseException as error:
        raise AwayError(f"{type(error).__name__} {error.smtp_code}") from None
    except (OSError, ValueError, smtplib.SMTPException) as error:  # ValueError: cut while it read
        raise AwayError(type(error).__name__) from None
    finally:
        _leave(connection)


def _client(server: SplitResult, ourselves: str) -> smtplib.SMTP:
    if server.scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(timeout=STEP_S, local_hostname=ourselves, context=context)
    return smtplib.SMTP(timeout=STEP_S, local_hostname=ourselves)


def _open(connection: smtplib.SMTP, server: SplitResult) -> None:
    host, secure = server.hostname or "", server.scheme == "smtps"
    connection._host = host  # type: ignore[attr-defined]  # noqa: SLF001  connect() leaves out the name that TLS checks
    connection.connect(host, server.port or (TLS_PORT if secure else SUBMISSION_PORT))
    connection.ehlo_or_helo_if_needed()
    if not secure and connection.has_extn("starttls"):
        connection.starttls(context=ssl.create_default_context())
        connection.ehlo_or_helo_if_needed()
        secure = True
    if server.username:
        if not secure and not _here(host):
            raise AwayError("no encryption for the password")
        connection.login(unquote(server.username), unquote(server.password or ""))


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _verdict(code: int, refused: str) -> Exception:
    return RefusedError(refused) if code in FINAL else AwayError(str(code))


def _leave(connection: smtplib.SMTP) -> None:
    """Say goodbye; a letter that was taken is taken, whatever is answered to that."""
    if connection.sock is not None:
        with contextlib.suppress(OSError, ValueError, smtplib.SMTPException), cut_after(STEP_S, connection):
            connection.quit()
    connection.close()
