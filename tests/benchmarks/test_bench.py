from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.chaos import recovery_p99
from benchmarks.charts import svg
from benchmarks.endurance import verdict
from benchmarks.figures import Figure

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ("name", "value", "unit", "against", "ratio")


def test_each_measurement_is_one_line_of_the_contracts_shape() -> None:
    argv = [sys.executable, "-m", "benchmarks.bench", "--short", "--only", "tokens"]
    said = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    (line,) = [json.loads(each) for each in said.splitlines()]

    assert tuple(line)[: len(CONTRACT)] == CONTRACT
    assert line["ratio"] == pytest.approx(line["value"] / line["against"], rel=1e-3)
    assert line["ok"] is (line["ratio"] <= float(line["goal"].removeprefix("<= ")))


@pytest.mark.parametrize(
    ("figure", "ok"),
    [
        (Figure("a", 9.0, "/s", 0.85, ">=", 10.0), True),
        (Figure("b", 8.0, "/s", 0.85, ">=", 10.0), False),
        (Figure("c", 5.0, "s", 1.2, "<=", 4.0), False),
        (Figure("d", 690.0, "MiB", 700.0, "<="), True),
    ],
)
def test_a_goal_holds_the_ratio_or_where_there_is_none_the_value(figure: Figure, *, ok: bool) -> None:
    assert figure.ok is ok
    assert ("met" if ok else "missed") in svg([json.loads(figure.line())]).partition("</style>")[2]


def test_a_recovery_that_was_not_measured_is_no_figure() -> None:
    assert recovery_p99([]) is None
    assert recovery_p99([1.0, 2.004]) == 2.0


def test_what_grows_is_named_and_what_was_loaded_at_first_use_is_not() -> None:
    loading = [{"mib: web": float(each), "redis_keys": 9.0} for each in (90, 120, 150, 150, 150, 150, 150, 150)]
    leaking = [{"mib: web": 100.0 + 10 * each, "redis_keys": 9.0} for each in range(8)]

    assert verdict(loading)["flat"] is True
    assert verdict(leaking)["grown"] == {"mib: web": [125.0, 165.0]}
