"""The operators' own programs, where Debian's packages have them: found, configured as we ship them, run, asked."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]  # its types are no package of ours
from redis.exceptions import ConnectionError as RedisConnectionError

from launcher.ports import LOOPBACK, free_port
from tests.harness.processes import Process, ProcessEndedError
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"
COMPOSE = ROOT / "docker-compose.yml"
PACKAGES = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "amtool": "prometheus-alertmanager",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-postgres-exporter": "prometheus-postgres-exporter",
    "prometheus-redis-exporter": "prometheus-redis-exporter",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "nginx": "nginx",
    "openssl": "openssl",
}
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def needed(name: str) -> str:
    """Where a program is; the test that needs it is skipped where it is not."""
    found = shutil.which(name) or shutil.which(name, path=PATH)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian package {PACKAGES[name]})")
    return found


def read_yaml(path: Path) -> Any:  # noqa: ANN401  whatever the file holds
    return yaml.safe_load(path.read_text("utf-8"))


def start(folder: Path, *argv: str, environ: Mapping[str, str] | None = None) -> Process:
    """Start a program; the caller kills it."""
    name = Path(argv[0]).name
    process = Process(name, argv, {"PATH": PATH, "HOME": str(folder), **(environ or {})}, folder, folder)
    process.start()
    return process


class Prometheus:
    """A real one, with our configuration but for addresses and for a second where ours waits a quarter minute."""

    def __init__(self, folder: Path, targets: Mapping[str, int]) -> None:
        binary = needed("prometheus")
        folder.mkdir()
        self.port = free_port()
        self.targets = {**targets, "prometheus": self.port}
        configuration = folder / "prometheus.yml"
        configuration.write_text(yaml.safe_dump(self._configuration()))
        self.process = start(
            folder,
            binary,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'series'}",
            f"--web.listen-address={LOOPBACK}:{self.port}",
        )

    def _configuration(self) -> dict[str, Any]:
        ours: dict[str, Any] = read_yaml(MONITORING / "prometheus" / "prometheus.yml")
        ours["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
        ours["rule_files"] = [str(MONITORING / "prometheus" / name) for name in ours["rule_files"]]
        del ours["alerting"]
        ours["scrape_configs"] = [job for job in ours["scrape_configs"] if job["job_name"] in self.targets]
        for job in ours["scrape_configs"]:
            job["static_configs"] = [{"targets": [f"{LOOPBACK}:{self.targets[job['job_name']]}"]}]
        return ours

    def ask(self, path: str, **parameters: str) -> Any:  # noqa: ANN401  the server's own JSON
        answer = httpx.get(
            f"http://{LOOPBACK}:{self.port}/api/v1/{path}", params=parameters, timeout=10, trust_env=False
        )
        return answer.raise_for_status().json()["data"]

    def figures(self, query: str) -> list[float]:
        """The value of each series that answers a query."""
        return [float(series["value"][1]) for series in self.ask("query", query=query)["result"]]

    def wait_scraped(self) -> None:
        """Block until every target answered."""

        wait_up(self.process, lambda: len(self.figures("up == 1")) == len(self.targets))


def wait_up(process: Process, up: Callable[[], bool]) -> None:
    """Block until a program serves.

    Raises:
        ProcessEndedError: it ended instead.
    """

    def served() -> bool:
        if not process.alive:
            raise ProcessEndedError(f"{process.name} ended\n{process.tail()}")
        try:
            return up()
        except (OSError, httpx.HTTPError, RedisConnectionError):
            return False

    wait_until(served, process.name, evidence=process.tail)


def kill(processes: Iterable[Process]) -> None:
    for process in processes:
        process.kill()
