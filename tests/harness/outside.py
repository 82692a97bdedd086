"""Forbids the outside to the test process: a connection to anything but this machine fails, and fails the test."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LOCAL_NAMES = ("", "localhost", "localhost.localdomain", socket.gethostname())
GUARDED = ("connect", "connect_ex", "sendto")


class OutsideForbiddenError(Exception):
    """A test reached for another machine."""


class OutsideGuard:
    """While installed, keeps what was tried in `attempts`: code that swallows the error is still found out."""

    def __init__(self) -> None:
        self.attempts: list[str] = []
        self._kept: dict[str, Any] = {}
        self._kept_lookup = socket.getaddrinfo

    def install(self) -> None:
        for name in GUARDED:
            self._kept[name] = getattr(socket.socket, name)
            setattr(socket.socket, name, self._guarded(self._kept[name]))
        self._kept_lookup = socket.getaddrinfo
        socket.getaddrinfo = self._lookup

    def remove(self) -> None:
        for name in GUARDED:
            setattr(socket.socket, name, self._kept[name])
        socket.getaddrinfo = self._kept_lookup

    def _guarded(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(connection: socket.socket, *arguments: Any) -> Any:  # noqa: ANN401  # the socket's own signature
            if connection.family in (socket.AF_INET, socket.AF_INET6):
                self._check(arguments[-1][0])
            return original(connection, *arguments)

        return guarded

    def _lookup(self, host: bytes | str | None, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # idem
        self._check(host)
        return self._kept_lookup(host, *arguments, **options)

    def _check(self, host: bytes | str | None) -> None:
        name = host.decode() if isinstance(host, bytes) else host or ""
        if not _is_local(name):
            self.attempts.append(name)
            raise OutsideForbiddenError(f"a test reached for {name}; only this machine is allowed")


def _is_local(host: str) -> bool:
    if host in LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
