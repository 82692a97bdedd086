"""Every query of every panel gives data, asked of a real Prometheus that reads a real stack."""

from __future__ import annotations

import math
import shutil
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from launcher.ports import LOOPBACK, free_port
from monitoring import boards
from tests.harness import commands
from tests.harness.processes import Process
from tests.harness.waiting import wait_until
from tests.monitoring.panels import BOARDS, Query, queries
from tests.monitoring.programs import COMPOSE, Prometheus, kill, needed, read_yaml, start
from tests.tasks.desk import FACT, QUESTION
from webapp.domain import Queue, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.servers import Servers
    from tests.harness.stack import Stack

# By the schema of Grafana's dashboards, without which the board is taken for another version's.
REQUIRED_OF_A_LINK = {
    *("title", "type", "icon", "tooltip", "tags", "asDropdown", "targetBlank", "includeVars", "keepTime"),
}
HOUSEKEEPING = {"DiskFillsUp", "CustomerWaitsTooLong"}  # what the machine of the test, or its slowness, may cause


def without_data(prometheus: Prometheus, asked: list[Query]) -> list[Query]:
    """The queries that no finite figure answers."""
    return [one for one in asked if not any(math.isfinite(figure) for figure in prometheus.figures(one.text))]


def wait_data(prometheus: Prometheus, asked: list[Query], meanwhile: Callable[[], None] = lambda: None) -> None:
    def all_answered() -> bool:
        meanwhile()
        return not without_data(prometheus, asked)

    wait_until(all_answered, "data in every panel", step=1, evidence=lambda: str(without_data(prometheus, asked)))


def test_the_json_is_what_the_boards_say() -> None:
    stated = boards.stated()
    assert sorted(path.stem for path in BOARDS.glob("*.json")) == sorted(stated)
    for name, board in stated.items():
        assert (BOARDS / f"{name}.json").read_text("utf-8") == boards.text(name, board), "python -m monitoring.boards"
        for link in boards.dashboard(name, board)["links"]:
            assert set(link) >= REQUIRED_OF_A_LINK
        for panel in board["panels"]:
            assert panel["description"].endswith(".")
            assert panel["queries"]


@pytest.fixture
def watched(own_stack: Stack, tmp_path: Path) -> Iterator[tuple[Stack, Prometheus]]:
    """A stack with a worker of each queue, Flower, and a Prometheus that reads them."""
    needed("prometheus")
    own_stack.environ["MAX_PENDING_PER_CLIENT"] = "100"
    own_stack.start(workers=dict.fromkeys(Queue, 1))
    port = own_stack.environ["FLOWER_PORT"]
    # As docker-compose.yml has it: Flower has no part in the folder of counts.
    environ = {name: value for name, value in own_stack.environ.items() if name != commands.METRICS_FOLDER}
    argv = commands.module("tasks.flower", f"--address={LOOPBACK}", f"--port={port}")
    flower = Process("flower", argv, environ, commands.ROOT, own_stack.folder)
    flower.start()
    targets = {"sav": own_stack.settings.metrics_port, "flower": int(port)}
    prometheus = Prometheus(tmp_path / "prometheus", targets)
    yield own_stack, prometheus
    kill((prometheus.process, flower))


def test_every_panel_of_the_application_has_data(watched: tuple[Stack, Prometheus]) -> None:
    stack, prometheus = watched
    prometheus.wait_scraped()
    admin, client = stack.staff(Role.ADMIN), stack.client()
    document = {"file": ("garantie.md", f"# Garantie\n\n{FACT}\n".encode())}
    accepted = admin.post("/api/knowledge/documents", files=document, data={"audience": "public"}).json()
    assert admin.wait_job(accepted["job"]["id"])["status"] == "succeeded"

    asked = [query for query in queries() if query.exporter is None]
    wait_data(prometheus, asked, meanwhile=lambda: _asked(client))
    _every_rule_works_and_none_is_alarmed(prometheus)
    _the_health_checks_agree(stack)


def _asked(client: object) -> None:
    assert client.ask(QUESTION)["status"] == "succeeded"  # type: ignore[attr-defined]


def _every_rule_works_and_none_is_alarmed(prometheus: Prometheus) -> None:
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert rules
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    firing = {rule["name"] for rule in rules if rule["state"] == "firing"}
    assert firing <= HOUSEKEEPING


def _the_health_checks_agree(stack: Stack) -> None:
    """What docker-compose.yml asks of its containers, asked of the same processes here."""
    services = read_yaml(COMPOSE)["services"]
    ports = {
        "8001": stack.environ["PORT"],
        "8002": stack.environ["METRICS_PORT"],
        "8003": stack.environ["FLOWER_PORT"],
    }
    for name in ("web", "dispatcher", "flower", "replies", "images", "documents", "background"):
        kind, *argv = services[name]["healthcheck"]["test"]
        assert kind == "CMD"
        argv = [argument.replace("images", "images-1").replace("documents", "documents-1") for argument in argv]
        for shipped, here in ports.items():
            argv = [argument.replace(f":{shipped}/", f":{here}/") for argument in argv]
        stack.run(*argv, seconds=60)
    with pytest.raises(Exception, match="failed"):
        stack.run("python", "-m", "monitoring.ping_worker", "nobody")


@pytest.fixture
def exporter_ports(own_servers: Servers, tmp_path: Path) -> Iterator[dict[str, int]]:
    """The exporters Debian has, as docker-compose.yml configures them: {job of prometheus.yml: port}."""
    folder = tmp_path / "exporters"
    folder.mkdir()
    own_servers.create_database("boards")
    database, broker = urlsplit(own_servers.database_url), urlsplit(own_servers.redis_url)
    services = read_yaml(COMPOSE)["services"]
    keys = services["redis-exporter"]["environment"]["REDIS_EXPORTER_CHECK_SINGLE_KEYS"]
    given: dict[str, dict[str, str]] = {
        "postgres": {
            "DATA_SOURCE_URI": f"{database.hostname}:{database.port}{database.path}?sslmode=disable",
            "DATA_SOURCE_USER": str(database.username),
            "DATA_SOURCE_PASS": str(database.password),
        },
        "redis": {
            "REDIS_ADDR": f"redis://{broker.hostname}:{broker.port}",
            "REDIS_PASSWORD": str(broker.password),
            "REDIS_EXPORTER_CHECK_SINGLE_KEYS": keys,
        },
        "node": {},
    }
    ports, processes = {}, []
    for job, environ in given.items():
        name = f"prometheus-{job}-exporter"
        binary = shutil.which(name)
        if binary is not None:
            ports[job] = free_port()
            listen = f"--web.listen-address={LOOPBACK}:{ports[job]}"
            processes.append(start(folder, binary, listen, environ=environ))
    yield ports
    kill(processes)


def test_every_panel_of_the_exporters_has_data(exporter_ports: dict[str, int], tmp_path: Path) -> None:
    there = {"pg" if job == "postgres" else job for job in exporter_ports}
    if not there:
        pytest.skip("no exporter is installed (Debian packages prometheus-{postgres,redis,node}-exporter)")
    prometheus = Prometheus(tmp_path / "prometheus", exporter_ports)
    try:
        prometheus.wait_scraped()
        wait_data(prometheus, [query for query in queries() if query.exporter in there])
    finally:
        kill((prometheus.process,))
    if missing := {"pg", "redis", "node"} - there:
        pytest.skip(f"the panels of {sorted(missing)} were not asked: their exporters are not installed")
