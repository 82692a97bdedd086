from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from tests.harness.commands import ROOT, environment
from tests.harness.processes import Process

if TYPE_CHECKING:
    from pathlib import Path

STEP = 19  # every so many lines here; `python -m benchmarks.line_killer` tries each


def test_a_worker_may_die_at_any_line(database_url: str, redis_url: str, tmp_path: Path) -> None:
    environ = environment(database_url, redis_url, 8000, tmp_path)
    del environ["PROMETHEUS_MULTIPROC_DIR"]
    argv = [sys.executable, "-m", "benchmarks.line_killer", "--step", str(STEP)]
    program = Process("line-killer", argv, environ, ROOT, tmp_path)
    program.start()
    assert program.wait() == 0, program.tail()
    result = json.loads(program.output().splitlines()[-1])
    assert (result["lost"], result["doubled"]) == (0, 0)
    assert result["died"] == result["tried"] > 3
