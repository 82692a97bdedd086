"""Figures ask for no password: whom they answer."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from launcher.ports import LOOPBACK, free_port
from tasks import exporter
from tests.harness import application

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session

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


def test_what_is_slow_to_read_is_kept_for_twenty_times_as_long(session: Session) -> None:
    times = iter([0.0, 1.0, 19.9, 20.0, 20.1, 20.2, 20.3])  # slow at first, then quick
    read = iter(range(9))
    kept = exporter.Kept(lambda _: {"sav_jobs": ([], {(): next(read)})}, lambda: next(times))
    assert [kept.read(session)["sav_jobs"][1][()] for _ in range(4)] == [0, 0, 1, 2]
