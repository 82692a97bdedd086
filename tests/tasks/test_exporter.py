"""Figures ask for no password: whom they answer."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.exc import OperationalError

from launcher.ports import LOOPBACK, free_port
from tasks import exporter
from tests.harness import application

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

    from webapp.services.figures import Figures

EVERYWHERE = "0.0.0.0"  # noqa: S104  what is tested
ANOTHER = "127.0.0.2"  # of this machine too, and heard by who listens everywhere


def _is_reached(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.mark.parametrize(("given", "beyond"), [({}, False), ({"METRICS_HOST": EVERYWHERE}, True)])
def test_figures_answer_where_they_are_told_whatever_the_application_does(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], *, beyond: bool
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    port = free_port()
    of = application.settings(database_url, "redis://-", tmp_path, HOST=EVERYWHERE, METRICS_PORT=str(port), **given)
    exporter.serve(of)
    assert _is_reached(LOOPBACK, port)
    assert _is_reached(ANOTHER, port) is beyond


def _kept(*times: float, fails: int = -1) -> exporter.Kept:
    """One whose figure is the number of the reading; it looks at the clock twice a reading."""
    given, readings = iter(times), iter(range(99))

    def read(_: Session) -> Figures:
        if (number := next(readings)) == fails:
            raise OperationalError("", {}, Exception())
        return {"sav_jobs": ([], {(): number})}

    return exporter.Kept(read, lambda: next(given))


def test_what_is_slow_to_read_is_kept_for_twenty_times_as_long(session: Session) -> None:
    kept = _kept(0.0, 1.0, 19.9, 20.0, 20.1, 20.2, 20.3)  # slow at first, then quick
    assert [kept.read(session)["sav_jobs"][1][()] for _ in range(4)] == [0, 0, 1, 2]


def test_nothing_is_kept_for_longer_than_two_minutes(session: Session) -> None:
    kept = _kept(0.0, 50.0, 119.0, 120.0, 120.1)
    assert [kept.read(session)["sav_jobs"][1][()] for _ in range(3)] == [0, 0, 1]


def test_a_reading_that_failed_slowly_is_not_tried_at_once_and_leaves_nothing_old(session: Session) -> None:
    kept = _kept(0.0, 0.1, 1.0, 2.0, 3.0, 21.0, 21.1, fails=1)
    assert kept.read(session)
    with pytest.raises(OperationalError):
        kept.read(session)
    assert kept.read(session) == {}
    assert kept.read(session)
