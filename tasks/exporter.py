"""METRICS_PORT of METRICS_HOST: the counts of this machine's processes, added up, and the gauges of the database."""

from __future__ import annotations

import errno
import logging
import math
import os
import threading
import time
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from webapp.models.engine import open_sessions
from webapp.services import figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client.core import Metric
    from sqlalchemy.orm import Session

    from webapp.services.figures import Figures
    from webapp.settings import Settings

log = logging.getLogger(__name__)

TAKE_OVER_EVERY_S = 5.0
SLOW_S = 0.25  # a reading that takes longer is worth keeping
RESTS = 20  # times what it took


class Kept:
    """What `read` gave last; read again as soon as that takes no more than a twentieth of the time."""

    def __init__(self, read: Callable[[Session], Figures], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._last: Figures = {}
        self._until = -math.inf

    def read(self, session: Session) -> Figures:
        began = self._clock()
        if began >= self._until:
            self._last = self._read(session)
            spent = self._clock() - began
            self._until = began + (spent * RESTS if spent > SLOW_S else 0.0)
        return self._last


class DatabaseCollector(Collector):
    """Reads the figures at each scrape; a database that is away gives none, and the scrape goes on."""

    def __init__(self, settings: Settings) -> None:
        self._sessions = open_sessions(settings, pool_size=1)
        self._whole = Kept(figures.read_whole)

    def collect(self) -> Iterable[Metric]:
        try:
            with self._sessions() as session:
                read = figures.read(session) | self._whole.read(session)
        except SQLAlchemyError as error:
            log.warning("figures not read: %s", type(error).__name__)
            return
        for name, (labels, series) in read.items():
            family = GaugeMetricFamily(name, figures.HELP[name], labels=labels)
            for values, figure in series.items():
                family.add_metric(list(values), figure)
            yield family


def serve(settings: Settings) -> None:
    """Answer METRICS_PORT from a thread of this process."""
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's own
    else:
        registry = REGISTRY
    registry.register(DatabaseCollector(settings))
    if not _listens(settings, registry):
        log.warning("METRICS_PORT %d is taken, by another dispatcher perhaps: tried again", settings.metrics_port)
        threading.Thread(target=_listen_later, args=(settings, registry), name="exporter", daemon=True).start()


def _listens(settings: Settings, registry: CollectorRegistry) -> bool:
    try:
        start_http_server(settings.metrics_port, addr=settings.metrics_host, registry=registry)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True


def _listen_later(settings: Settings, registry: CollectorRegistry) -> None:
    """Take the port over when whoever had it is gone; its page would have been the same as ours."""
    while not _listens(settings, registry):
        time.sleep(TAKE_OVER_EVERY_S)
    log.info("METRICS_PORT %d is ours now", settings.metrics_port)
