"""Where processes count: side by side while they live, and on from there after one that died."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNTS_ONE = "import sys; from webapp import metrics; metrics.UPLOAD_BYTES.inc(); print(flush=True); sys.stdin.read()"
COUNTS_ONE_EACH = """
import os
from webapp import metrics
metrics.UPLOAD_BYTES.inc()
if child := os.fork():
    os.waitpid(child, 0)
metrics.UPLOAD_BYTES.inc()
"""


@contextlib.contextmanager
def _counting(folder: Path) -> Iterator[None]:
    """A process that has counted one, and lives until it is killed."""
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    argv = [sys.executable, "-c", COUNTS_ONE]
    with subprocess.Popen(argv, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


def _counted(folder: Path) -> float | None:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]  # the library's own
    return registry.get_sample_value("sav_upload_bytes_total")


@pytest.mark.parametrize("deaths", [1, 4])
def test_who_comes_after_a_dead_process_counts_on_in_its_files(tmp_path: Path, deaths: int) -> None:
    for _ in range(deaths):
        with _counting(tmp_path):
            pass
    with _counting(tmp_path), _counting(tmp_path):
        assert _counted(tmp_path) == deaths + 2
        assert {path.stem.rpartition("_")[2] for path in tmp_path.glob("*.db")} == {"0", "1"}


def test_a_child_counts_in_files_of_its_own(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", COUNTS_ONE_EACH], env=environment, check=True)
    assert _counted(tmp_path) == 3
    assert {path.stem.rpartition("_")[2] for path in tmp_path.glob("*.db")} == {"0", "1"}
