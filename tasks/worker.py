"""The Celery application of the workers: `celery -A tasks.worker inspect active` and the like."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from billiard import active_children
from celery import Celery
from celery.signals import setup_logging, worker_process_init, worker_ready, worker_shutting_down

from tasks import memory, process, transport
from webapp import logs, metrics
from webapp.settings import SettingsError, load

if TYPE_CHECKING:
    from celery.worker.consumer import Consumer

DRAIN_CHILD = signal.SIGUSR2  # Celery gives it no meaning, and tells its children nothing of a shutdown

try:
    settings = load()
except SettingsError as error:
    sys.exit("The environment is not right:\n" + "\n".join(f"  - {fault}" for fault in error.faults))

transport.install()
app = Celery(
    "chatbot-sav",
    amqp="tasks.transport:AMQP",
    include=[
        *("tasks.replies", "tasks.knowledge", "tasks.summaries", "tasks.notices", "tasks.photos", "tasks.proposals"),
        *("tasks.stats", "tasks.looking"),
    ],
)
app.config_from_object("celeryconfig")
app.conf.update(broker_url=settings.redis_url)


@setup_logging.connect
def _log(**_: object) -> None:
    logs.configure(settings)


@worker_ready.connect
def _open_threads(sender: Consumer, **_: object) -> None:
    """A threads pool works in this very process."""
    metrics.show_closed_label_sets()
    if not _forks(sender):
        liveness = process.runtime().liveness
        liveness.start()
        memory.Watch(lambda: liveness.worked).start()


@worker_process_init.connect
def _open_child(**_: object) -> None:
    process.runtime().liveness.start()
    signal.signal(DRAIN_CHILD, lambda *_: process.drain())


@worker_shutting_down.connect
def _drain(**_: object) -> None:
    process.drain()
    for child in active_children():
        if child.pid is not None:
            os.kill(child.pid, DRAIN_CHILD)


def _forks(consumer: Consumer) -> bool:
    return "prefork" in type(consumer.pool).__module__
