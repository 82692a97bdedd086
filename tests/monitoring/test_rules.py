"""The alerts: right in Prometheus's own eyes, each tested, each with its page, on figures that exist."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Any

from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from tests.monitoring.panels import queries
from tests.monitoring.programs import MONITORING, ROOT, needed, read_yaml
from webapp import metrics
from webapp.services import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMETHEUS = MONITORING / "prometheus"
RUNBOOK = ROOT / "docs" / "operations" / "runbook.md"
NAME = re.compile(r"\b(?:sav|flask|flower|pg|redis|node|scrape|up)(?:_\w+)?\b")
LABELS_OF_NOBODY = re.compile(r"\{[^}]*\}|by \([^)]*\)|on \([^)]*\)")

# Others' names, as they were read off the running programs.
FLOWER = {
    "flower_events_total",
    "flower_task_runtime_seconds_bucket",
    "flower_task_prefetch_time_seconds",
    "flower_worker_prefetched_tasks",
    "flower_worker_online",
    "flower_worker_number_of_currently_executing_tasks",
}
EXPORTERS = {
    *("pg_up", "pg_database_size_bytes", "pg_stat_activity_count", "pg_settings_max_connections"),
    *("pg_stat_database_xact_commit", "pg_stat_database_xact_rollback"),
    *("pg_stat_database_blks_hit", "pg_stat_database_blks_read"),
    *("redis_up", "redis_memory_used_bytes", "redis_connected_clients", "redis_key_size"),
    "redis_commands_processed_total",
    *("node_cpu_seconds_total", "node_load1", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
    *("node_filesystem_avail_bytes", "node_filesystem_size_bytes", "node_disk_written_bytes_total"),
}
OWN_TO_PROMETHEUS = {"up", "scrape_duration_seconds"}


def alerts() -> list[dict[str, Any]]:
    return [rule for group in read_yaml(PROMETHEUS / "alerts.yml")["groups"] for rule in group["rules"]]


def known() -> set[str]:
    """Every series that may be asked for."""
    found = set(figures.HELP) | FLOWER | EXPORTERS | OWN_TO_PROMETHEUS
    web = "flask_http_request_duration_seconds"
    found |= {f"{web}_{part}" for part in ("bucket", "sum", "count")}
    for each in vars(metrics).values():
        if isinstance(each, MetricWrapperBase):
            found |= set(_series(each))
    return found


def _series(metric: MetricWrapperBase) -> Iterator[str]:
    name = next(iter(metric.describe())).name
    if isinstance(metric, Histogram):
        yield from (f"{name}_{part}" for part in ("bucket", "sum", "count"))
    elif isinstance(metric, Counter):
        yield f"{name}_total"
    else:
        yield name


def _names(expression: str) -> set[str]:
    return set(NAME.findall(LABELS_OF_NOBODY.sub(" ", expression)))


def test_the_names_of_a_query_are_found() -> None:
    assert _names('max by (job) (up{pg_x="1"}) + sum(sav_no_such[5m])') == {"up", "sav_no_such"}


def test_every_figure_that_is_asked_for_exists() -> None:
    asked = {query.text: _names(query.text) for query in queries()}
    asked |= {alert["alert"]: _names(alert["expr"]) for alert in alerts()}
    assert [text for text, names in asked.items() if not names] == []
    assert {text: names - known() for text, names in asked.items() if names - known()} == {}


def test_prometheus_takes_the_configuration() -> None:
    _run("promtool", "check", "config", "prometheus.yml")


def test_the_alerts_fire_when_they_should() -> None:
    _run("promtool", "test", "rules", "alerts_test.yml")


def test_every_alert_is_seen_to_fire_and_to_be_silent() -> None:
    fired: set[str] = set()
    silent: set[str] = set()
    for test in read_yaml(PROMETHEUS / "alerts_test.yml")["tests"]:
        for case in test["alert_rule_test"]:
            (fired if case.get("exp_alerts") else silent).add(case["alertname"])
    names = {alert["alert"] for alert in alerts()}
    assert fired == silent == names


def test_every_alert_has_its_page() -> None:
    text = RUNBOOK.read_text("utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    told = {section.splitlines()[0].strip(): section for section in sections}
    assert [name for name in told if name.islower()] == []
    for alert in alerts():
        name = alert["alert"]
        assert alert["annotations"]["runbook"] == f"docs/operations/runbook.md#{name.lower()}"
        assert alert["labels"]["severity"] in ("critical", "warning")
        for part in ("**Means**", "**Look**", "**Do**"):
            assert part in told[name], (name, part)


def _run(program: str, *arguments: str) -> None:
    outcome = subprocess.run(
        [needed(program), *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False, timeout=120
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
