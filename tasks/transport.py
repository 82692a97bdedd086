"""Kombu's Redis transport, unmoved by bytes that are no message: with kombu's own, one such item ends the worker.

And with one client for all commands: kombu makes one for each, a third of what a worker's own thread does for a ticket.
"""

from __future__ import annotations

import logging
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, redis

log = logging.getLogger(__name__)


class Channel(redis.Channel):
    _kept: Any = None

    def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  the library's own signature
        if asynchronous:
            return super()._create_client(asynchronous=True)  # type: ignore[misc]  # the stubs leave it out
        if self._kept is None or self._kept.connection_pool is not self.pool:  # a pool that was given up
            self._kept = super()._create_client()  # type: ignore[misc]  # idem
        return self._kept

    def _brpop_read(self, **options: Any) -> Any:  # noqa: ANN401  the library's own signature
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # the stubs leave it out
        except ValueError:  # no JSON, no UTF-8, or a body that cannot be decoded
            log.warning("an item that is no message was dropped")
            raise Empty from None


class Transport(redis.Transport):
    Channel = Channel

    def _deliver(self, message: object, queue: str | None) -> None:
        """Take a message that has the form of one; `message` is whatever JSON somebody wrote to Redis."""
        properties = message.get("properties") if isinstance(message, dict) else None
        if not isinstance(properties, dict) or "delivery_tag" not in properties:
            raise ValueError(queue)
        super()._deliver(message, queue)


def install() -> None:
    """Let `redis://` mean this transport in this process."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
