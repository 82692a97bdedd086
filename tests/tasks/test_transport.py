"""How long a worker leaves a Redis alone that is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from launcher.ports import LOOPBACK, free_port
from tasks import transport

if TYPE_CHECKING:
    from tests.harness.stack import Stack

TRIES = 4


def test_redis_is_asked_for_every_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kombu.utils.functional.sleep", lambda _: None)
    pauses: list[float] = []

    def note(_: Exception, pause: float) -> None:
        pauses.append(pause)

    app = Celery(broker=f"redis://{LOOPBACK}:{free_port()}", amqp="tasks.transport:AMQP", set_as_current=False)
    with app.connection_for_read() as connection, pytest.raises(OperationalError):
        connection.ensure_connection(note, TRIES)
    assert pauses == [1, 2, 2, 2]


def test_the_workers_ask_so(stack: Stack) -> None:
    asks = "from tasks.worker import app; print(type(app.connection_for_read()).__module__)"
    assert stack.run("python", "-c", asks).split()[-1] == transport.__name__
