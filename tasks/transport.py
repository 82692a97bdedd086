"""Kombu's Redis transport, unmoved by what others wrote there: with kombu's own, one such item or key ends the worker.

And with one client for all commands: kombu makes one for each, a third of what a worker's own thread does for a ticket.
"""

from __future__ import annotations

import base64
import json
import logging
from queue import Empty
from types import UnionType
from typing import Any

import kombu
from celery.app import amqp
from kombu.transport import TRANSPORT_ALIASES, redis
from redis.exceptions import ResponseError

from celeryconfig import task_queues

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 2
QUEUES = frozenset(queue.name for queue in task_queues)

# What Celery and kombu read of a message without a look at what it is. Here it is of that kind, or these very words.
MESSAGE: dict[str, Any] = {
    "body": str,
    "content-type": "application/json",
    "content-encoding": "utf-8",
    "headers": dict,
    "properties": {
        "delivery_tag": str,
        "delivery_info": {"exchange": str, "routing_key": str},
        "priority": int,
        "body_encoding": "base64",
    },
}
# Of a ticket nothing else comes through: no time to come, no group, no compression.
TICKET = MESSAGE | {
    "headers": {
        "task": str,
        "id": str,
        **dict.fromkeys(("lang", "root_id", "origin", "argsrepr", "kwargsrepr"), str | None),
    }
}
CALL = [list, dict, dict]  # arguments by place, by name, and what Celery would do after


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
        except (ValueError, RecursionError):  # no JSON, no UTF-8, or no message
            log.warning("an item that is no message was dropped")
            raise Empty from None
        except ResponseError as error:
            if not is_wrong_type(error):
                raise
            self._remove_what_is_no_queue()
            raise Empty from None

    def _remove_what_is_no_queue(self) -> None:
        with self.conn_or_acquire() as client:
            for queue in self.active_queues:
                for step in self.priority_steps:
                    remove_unless_list(client, self._q_for_pri(queue, step))  # type: ignore[attr-defined]  # idem

    def _receive_one(self, client: Any) -> Any:  # noqa: ANN401  the library's own signature
        try:
            return super()._receive_one(client)  # type: ignore[misc]  # the stubs leave it out
        except (ValueError, RecursionError, Empty):
            log.warning("a call that is no message was dropped")
            return None


class Transport(redis.Transport):
    Channel = Channel

    def _deliver(self, message: object, queue: str | None) -> None:
        """Take a message that has the form of one; `message` is whatever JSON somebody wrote to Redis."""
        if queue in QUEUES:
            ticket = only(message, TICKET)
            only(json.loads(base64.b64decode(ticket["body"])), CALL)
            super()._deliver(ticket, queue)
        else:
            only(message, MESSAGE)
            super()._deliver(message, queue)


class Connection(kombu.Connection):
    """One that asks again every two seconds for a Redis that is away; kombu's own pause grows to thirty."""

    def _ensure_connection(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401  the library's own signature
        pauses = {"interval_start": 1, "interval_step": 1, "interval_max": LONGEST_PAUSE_S}
        return super()._ensure_connection(*args, **pauses | options)


class AMQP(amqp.AMQP):
    Connection = Connection


def only(value: object, form: Any) -> Any:  # noqa: ANN401  as the form has it
    """Return of a value what a form names.

    Raises:
        ValueError: something is not what the form says.
    """
    match form:
        case dict() if isinstance(value, dict):
            return {name: only(value.get(name), part) for name, part in form.items()}
        case list() if isinstance(value, list):
            return [only(part, of) for part, of in zip(value, form, strict=True)]
        case str() if value == form:
            return value
        case type() | UnionType() if isinstance(value, form):
            return value
    raise ValueError(form)


def is_wrong_type(error: ResponseError) -> bool:
    return str(error).startswith("WRONGTYPE")


def remove_unless_list(client: Any, key: str) -> None:  # noqa: ANN401  a client of either library
    """Remove what somebody put where a queue's tickets go: as long as it is there nothing comes or goes."""
    if client.type(key) not in (b"list", b"none"):
        client.delete(key)
        log.warning("the key %s held no tickets and was removed", key)


def install() -> None:
    """Let `redis://` mean this transport in this process."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = f"{__name__}:Transport"
