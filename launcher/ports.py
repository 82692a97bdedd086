"""Free and taken TCP ports of this machine."""

from __future__ import annotations

import errno
import random
import socket
from pathlib import Path

from launcher.faults import Fault

LOOPBACK = "127.0.0.1"
LOWEST, HIGHEST = 15000, 32000


def taken(port: int, host: str = LOOPBACK) -> str | None:
    """Why nothing can listen on host:port now, in a few words; None when something can."""
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError:
        return "is not an address of this machine"
    with socket.socket(address[0], socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address[4])
            probe.listen(1)
        except OSError as error:
            return _reason(error)
    return None


def _reason(error: OSError) -> str:
    reasons = {
        errno.EADDRINUSE: "is taken by another program",
        errno.EACCES: "may only be opened by root",
        errno.EADDRNOTAVAIL: "is not an address of this machine",
    }
    return reasons.get(error.errno or 0, "cannot be opened")


def free_port() -> int:
    """A port nothing listens on, below those the kernel lends to outgoing connections, so that it stays free."""
    candidates = range(LOWEST, min(HIGHEST, _first_ephemeral()))
    for port in random.sample(candidates, 200):
        if taken(port) is None:
            return port
    raise Fault(f"No free port was found between {LOWEST} and {candidates.stop} on {LOOPBACK}.")


def _first_ephemeral() -> int:
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError):
        return HIGHEST
    return first if first > LOWEST + 1000 else HIGHEST
