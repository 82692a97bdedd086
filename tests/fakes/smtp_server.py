"""A fake mail server: SMTP over a real socket, misbehaving on demand. Standard library only.

with SmtpServer() as mail: mail.set(Fault.BUSY, times=1); ... SMTP_URL = mail.url
"""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from enum import StrEnum
from typing import TYPE_CHECKING, Self, cast

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

HOST = "127.0.0.1"


class Fault(StrEnum):
    """What the next conversations meet."""

    NONE = "none"
    BUSY = "busy"  # 421 as a greeting
    GREYLISTED = "greylisted"  # 450 to the recipient
    NO_SUCH_READER = "no_such_reader"  # 550 to the recipient
    CONTENT = "content"  # 554 to the letter
    FULL = "full"  # 452 to the letter
    SILENCE = "silence"  # no greeting, the connection stays
    DRIP = "drip"  # a greeting that never ends, a byte each `DRIP_S`
    CUT_AFTER_DATA = "cut_after_data"  # the letter is kept, its answer is lost
    RUDE_GOODBYE = "rude_goodbye"  # 421 to QUIT


DRIP_S = 0.05


@dataclass(slots=True)
class Received:
    """A letter as it came, and how it came."""

    sender: str
    to: list[str]
    raw: bytes
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        return cast("EmailMessage", message_from_bytes(self.raw, policy=policy.default))


@dataclass(slots=True)
class _State:
    letters: list[Received] = field(default_factory=list)
    fault: Fault = Fault.NONE
    times: int = 0
    conversations: int = 0


class SmtpServer:
    """The server with the letters it has taken; a context manager, or start() and stop().

    With `user` and `password` it takes no letter before they are given; with `tls` (a certificate and its key in one
    file) it offers STARTTLS.
    """

    def __init__(self, *, user: str = "", password: str = "", tls: Path | None = None) -> None:
        self.user, self.password, self.tls = user, password, tls
        self.stopping = threading.Event()
        self._guard = threading.Lock()
        self._state = _State()
        self._server = _Server((HOST, 0), _Conversation)
        self._server.mail = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What SMTP_URL takes."""
        credentials = f"{self.user}:{self.password}@" if self.user else ""
        return f"smtp://{credentials}{HOST}:{self.port}"

    @property
    def letters(self) -> list[Received]:
        """What was taken so far, oldest first."""
        with self._guard:
            return list(self._state.letters)

    @property
    def conversations(self) -> int:
        with self._guard:
            return self._state.conversations

    def set(self, fault: Fault, *, times: int = 1_000_000) -> None:
        """Misbehave in the next `times` conversations."""
        with self._guard:
            self._state.fault, self._state.times = fault, times

    def begin(self) -> Fault:
        with self._guard:
            self._state.conversations += 1
            self._state.times -= 1
            return self._state.fault if self._state.times >= 0 else Fault.NONE

    def keep(self, letter: Received) -> None:
        with self._guard:
            self._state.letters.append(letter)

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    mail: SmtpServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is one of the things tests do; nothing to print."""


class _GoneError(Exception):
    """The conversation is over."""


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.mail, self.fault = self.server.mail, self.server.mail.begin()
        self.encrypted, self.known = False, None
        self.sender, self.to = "", []
        try:
            self._greet()
            while True:
                verb, _, rest = self._line().partition(" ")
                self._obey(verb.upper(), rest)
        except (_GoneError, OSError):
            return

    def finish(self) -> None:
        super().finish()
        self.connection.close()  # the server closes what it accepted, not what encryption has put in its place

    def _greet(self) -> None:
        match self.fault:
            case Fault.BUSY:
                self._say("421 busy, come again")
                raise _GoneError
            case Fault.SILENCE:
                self.mail.stopping.wait()
                raise _GoneError
            case Fault.DRIP:
                while not self.mail.stopping.wait(DRIP_S):
                    self.wfile.write(b"2")
                raise _GoneError
        self._say("220 fake.example ESMTP")

    def _obey(self, verb: str, rest: str) -> None:
        answers = {
            "EHLO": self._extensions,
            "HELO": lambda _: self._say("250 fake.example"),
            "STARTTLS": self._encrypt,
            "AUTH": self._authenticate,
            "MAIL": self._from,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._reset,
            "NOOP": lambda _: self._say("250 ok"),
            "QUIT": self._quit,
        }
        answers.get(verb, lambda _: self._say("500 what"))(rest)

    def _extensions(self, _rest: str) -> None:
        offered = ["fake.example", "8BITMIME"]
        if self.mail.tls and not self.encrypted:
            offered.append("STARTTLS")
        if self.mail.user:
            offered.append("AUTH PLAIN LOGIN")
        for name in offered[:-1]:
            self._say(f"250-{name}")
        self._say(f"250 {offered[-1]}")

    def _encrypt(self, _rest: str) -> None:
        self._say("220 go ahead")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self.mail.tls))
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.encrypted = True

    def _authenticate(self, rest: str) -> None:
        kind, _, first = rest.partition(" ")
        if kind.upper() == "PLAIN":
            if not first:
                self._say("334 ")
                first = self._line()
            user, password = base64.b64decode(first).split(b"\0")[1:]
        else:
            user = base64.b64decode(first or self._asked("VXNlcm5hbWU6"))
            password = base64.b64decode(self._asked("UGFzc3dvcmQ6"))
        if (user.decode(), password.decode()) == (self.mail.user, self.mail.password):
            self.known = user.decode()
            self._say("235 welcome")
        else:
            self._say("535 no")

    def _asked(self, question: str) -> str:
        self._say(f"334 {question}")
        return self._line()

    def _from(self, rest: str) -> None:
        if self.mail.user and self.known is None:
            self._say("530 who are you")
            return
        self.sender, self.to = _address(rest), []
        self._say("250 ok")

    def _rcpt(self, rest: str) -> None:
        refusal = {Fault.NO_SUCH_READER: "550 nobody of that name", Fault.GREYLISTED: "450 come again"}.get(self.fault)
        if refusal is None:
            self.to.append(_address(rest))
        self._say(refusal or "250 ok")

    def _data(self, _rest: str) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                raise _GoneError
            lines.append(line[1:] if line.startswith(b".") else line)
        refusal = {Fault.CONTENT: "554 not this", Fault.FULL: "452 no room"}.get(self.fault)
        if refusal is None:
            self.mail.keep(Received(self.sender, self.to, b"".join(lines), self.encrypted, self.known))
        if self.fault is Fault.CUT_AFTER_DATA:
            raise _GoneError
        self._say(refusal or "250 taken")

    def _reset(self, _rest: str) -> None:
        self.sender, self.to = "", []
        self._say("250 ok")

    def _quit(self, _rest: str) -> None:
        self._say("421 whatever" if self.fault is Fault.RUDE_GOODBYE else "221 bye")
        raise _GoneError

    def _line(self) -> str:
        line = self.rfile.readline()
        if not line:
            raise _GoneError
        return line.decode().strip()

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


def _address(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]
