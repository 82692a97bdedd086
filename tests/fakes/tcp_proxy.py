"""A TCP proxy on loopback that fails the way networks do. In-process, on a thread of its own.

    with TcpProxy("127.0.0.1", 5432) as proxy:
        url = proxy.through("postgresql://user:secret@127.0.0.1:5432/db")
        proxy.freeze()

A change of state holds for connections already open and for those to come, until the next one.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit, urlunsplit

from tests.fakes.tcp_links import Conditions, Cut, Link, Sender, reset

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"


class State(StrEnum):
    PASS = "pass"
    DROP = "drop"
    RESET = "reset"
    FREEZE = "freeze"


class TcpProxy:
    """Listens on `port` (0 = any free one) and forwards to the target; a context manager, or start() and stop()."""

    def __init__(self, target_host: str, target_port: int, port: int = 0) -> None:
        self._target = (target_host, target_port)
        self._listener = socket.create_server((HOST, port), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        self._state = State.PASS
        self._conditions = Conditions()
        self._conditions.flowing.set()
        self._links: set[Link] = set()
        self._loop = asyncio.new_event_loop()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="tcp-proxy", daemon=True)

    @property
    def connections(self) -> int:
        """Connections carried now."""
        return len(self._links)

    @property
    def cuts(self) -> int:
        """Connections broken by `cut_after` so far."""
        return self._conditions.cuts

    def through(self, url: str) -> str:
        """The same address, by way of the proxy."""
        parts = urlsplit(url)
        credentials, at, _ = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{credentials}{at}{HOST}:{self.port}"))

    def pass_through(self) -> None:
        """Forward everything, at once; forget latency and cuts."""
        self._do(lambda: self._enter(State.PASS))

    def delay(self, seconds: float) -> None:
        """Hold back each read of each side for `seconds`."""
        self._do(lambda: setattr(self._conditions, "latency", seconds))

    def drop(self) -> None:
        """Close every connection in an orderly way (FIN), and those to come as they arrive."""
        self._do(lambda: self._enter(State.DROP))

    def reset(self) -> None:
        """Reset every connection (RST), and those to come as they arrive."""
        self._do(lambda: self._enter(State.RESET))

    def reset_once(self) -> None:
        """Reset the connections open now; those to come are treated as before."""
        self._do(self._reset_links)

    def freeze(self) -> None:
        """Half-open: nothing is forwarded, not even an end; sockets stay, new ones are accepted and left alone."""
        self._do(lambda: self._enter(State.FREEZE))

    def cut_after(self, pattern: bytes, sender: Sender, *, deliver: bool, times: int = 1) -> None:
        """Break the next `times` connections on which `sender` sends `pattern`.

        With `deliver` the other side still gets it, and its answer is lost (a COMMIT nobody heard the outcome of);
        without, it never does (a reply that left the server and reached nobody).
        """
        self._do(lambda: setattr(self._conditions, "cut", Cut(pattern, sender, deliver, times)))

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close everything and end the thread."""
        if self._thread.is_alive():
            self._do(self._stopped.set)
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _do(self, change: Callable[[], object]) -> None:
        """Run `change` on the proxy's thread and wait until it is done."""
        done = threading.Event()

        def act() -> None:
            change()
            self._loop.call_soon(done.set)  # what was aborted is closed in the next turn of the loop, before this

        self._loop.call_soon_threadsafe(act)
        done.wait()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._listen())

    async def _listen(self) -> None:
        server = await asyncio.start_server(self._accept, sock=self._listener)
        await self._stopped.wait()
        server.close()
        self._conditions.flowing.set()
        self._reset_links()
        await self._ended()

    async def _ended(self) -> None:
        """Let every connection's task see its end, so that none is cancelled half-way."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)

    def _enter(self, state: State) -> None:
        self._state = state
        if state is State.FREEZE:
            self._conditions.flowing.clear()
            return
        self._conditions.flowing.set()
        if state is State.PASS:
            self._conditions.latency = 0.0
            self._conditions.cut = None
        elif state is State.RESET:
            self._reset_links()
        else:
            for link in self._links:
                link.close()

    def _reset_links(self) -> None:
        for link in self._links:
            link.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._conditions.flowing.wait()
        if self._state is State.DROP:
            writer.close()
        elif self._state is State.RESET or self._stopped.is_set():
            reset(writer)
        else:
            await self._connect(reader, writer)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream = await asyncio.open_connection(*self._target)
        except OSError:
            reset(writer)  # nobody listens behind: the client learns it as it would without us
            return
        link = Link(self._conditions, writer, upstream)
        self._links.add(link)
        try:
            await link.carry(reader, upstream_reader)
        finally:
            self._links.discard(link)
