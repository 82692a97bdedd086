"""One connection carried by the TCP proxy, and the conditions it travels under. Standard library only."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from enum import StrEnum

PIECE = 65536
LINGER_NONE = struct.pack("ii", 1, 0)  # close() then sends RST in place of FIN


class Sender(StrEnum):
    CLIENT = "client"
    SERVER = "server"


@dataclass(slots=True)
class Cut:
    """Break a connection once `sender` has sent `pattern`; `deliver` says whether its bytes still arrive."""

    pattern: bytes
    sender: Sender
    deliver: bool
    times: int


@dataclass(slots=True)
class Conditions:
    """What every link obeys. Touched on the proxy's thread only; `latency` in seconds, `cuts` counts those made."""

    latency: float = 0.0
    cut: Cut | None = None
    cuts: int = 0
    flowing: asyncio.Event = field(default_factory=asyncio.Event)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with RST."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
    writer.transport.abort()


class Link:
    """A client's connection and ours to the server, carried both ways until both have ended."""

    def __init__(self, conditions: Conditions, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._conditions = conditions
        self._writers = {Sender.CLIENT: client, Sender.SERVER: server}
        self._tails = {Sender.CLIENT: b"", Sender.SERVER: b""}

    async def carry(self, from_client: asyncio.StreamReader, from_server: asyncio.StreamReader) -> None:
        try:
            await asyncio.gather(
                self._pump(Sender.CLIENT, from_client, self._writers[Sender.SERVER]),
                self._pump(Sender.SERVER, from_server, self._writers[Sender.CLIENT]),
            )
        finally:
            self.close()

    def close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def reset(self) -> None:
        for writer in self._writers.values():
            reset(writer)

    async def _pump(self, sender: Sender, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        conditions = self._conditions
        with contextlib.suppress(OSError):
            while data := await source.read(PIECE):
                await asyncio.sleep(conditions.latency)
                await conditions.flowing.wait()
                cut = self._cut_by(sender, data)
                if cut is not None:
                    self._break(cut, sink, data)
                elif not sink.is_closing():
                    sink.write(data)
                    await sink.drain()
            await conditions.flowing.wait()
            if not sink.is_closing():
                sink.write_eof()

    def _cut_by(self, sender: Sender, data: bytes) -> Cut | None:
        """The cut this data completes; the pattern may span two reads."""
        cut = self._conditions.cut
        if cut is None or cut.sender is not sender:
            return None
        seen = self._tails[sender] + data
        self._tails[sender] = seen[max(0, len(seen) - len(cut.pattern) + 1) :]
        if cut.pattern not in seen:
            return None
        self._conditions.cuts += 1
        cut.times -= 1
        if cut.times == 0:
            self._conditions.cut = None
        return cut

    def _break(self, cut: Cut, sink: asyncio.StreamWriter, data: bytes) -> None:
        """Reset both sides; a receiver who is to get the bytes gets them and an orderly end.

        A reset would let its system throw away what it has not read yet. What it answers is read and dropped.
        """
        if not cut.deliver:
            self.reset()
            return
        sink.write(data)
        sink.write_eof()
        reset(self._writers[cut.sender])
