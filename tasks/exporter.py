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
LONGEST_S = 120.0


class Kept:
    """What `read` gave last; read again once that takes no more than a twentieth of the time, or after two minutes."""

    def __init__(self, read: Callable[[Session], Figures], clock: Callable[[], float] = time.monotonic) -> None:
        self._read, self._clock = read, clock
        self._last: Figures = {}
        self._until = -math.inf
        self._lock = threading.Lock()

    def read(self, session: Session) -> Figures:
        """Raise what `read` raises; until it is tried again there are no figures."""
        if not self._lock.acquire(blocking=False):  # of several that ask at once one reads, and nobody waits
            return self._last
        try:
            began = self._clock()
            if began >= self._until:
                self._last = self._anew(session, began)
        finally:
            self._lock.release()
        return self._last

    def _anew(self, session: Session, began: float) -> Figures:
        try:
            return self._read(session)
        except SQLAlchemyError:
            self._last = {}
            raise
        finally:
            spent = self._clock() - began
            self._until = began + (min(spent * RESTS, LONGEST_S) if spent > SLOW_S else 0.0)


class DatabaseCollector(Collector):
    """Reads the figures at each scrape; a database that is away gives none, and the scrape goes on."""

    def __init__(self, settings: Settings) -> None:
        self._sessions = open_sessions(settings, pool_size=1)
        self._whole = Kept(figures.read_whole)

    def collect(self) -> Iterable[Metric]:
        quick = self._figures(figures.read)
        whole = self._figures(self._whole.read) if quick else {}
        for name in dict.fromkeys((*quick, *whole)):
            labels, _ = (quick | whole)[name]
            family = GaugeMetricFamily(name, figures.HELP[name], labels=labels)
            for read in (quick, whole):
                for values, figure in read.get(name, ([], {}))[1].items():
                    family.add_metric(list(values), figure)
            yield family

    def _figures(self, read: Callable[[Session], Figures]) -> Figures:
        try:
            with self._sessions() as session:
                return read(session)
        except SQLAlchemyError as error:
            log.warning("figures not read: %s", type(error).__name__)
            return {}


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
