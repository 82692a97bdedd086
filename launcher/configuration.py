"""What the launcher itself must know of the environment; the rest is the application's to judge."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import dotenv
from launcher.faults import Fault
from launcher.ports import LOOPBACK, taken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.dotenv import DotEnv

REPOSITORY = Path(__file__).resolve().parents[1]
HIGHEST_PORT = 65535

KNOWN = (
    *("PORT", "HOST", "METRICS_PORT", "FLOWER_PORT", "DATA_DIR", "ENVIRONMENT", "DATABASE_URL", "REDIS_URL"),
    *("SECRET_KEY", "PUBLIC_URL", "PROXY_HOPS", "TIMEZONE", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"),
    *("OPENAI_MAX_TOKENS", "OPENAI_TEMPERATURE", "OPENAI_EMBEDDING_MODEL", "MODEL_OUT", "ADMIN_EMAIL"),
    *("ADMIN_PASSWORD", "ADMIN_NAME", "ACCESS_TOKEN_EXPIRE_MINUTES", "ALLOWED_ORIGINS", "MAX_PENDING_PER_CLIENT"),
    *("UPLOADS_PER_CLIENT_PER_DAY", "REPLY_DEADLINE_SECONDS", "RATELIMIT_ENABLED", "WEB_CONCURRENCY"),
    *("REPLY_CONCURRENCY", "DRAIN_SECONDS", "SMTP_URL", "STAFF_WEBHOOK_URL", "FLOWER_BASIC_AUTH", "DEMO"),
    *("STORAGE_URL", "STORAGE_OPTIONS", "METRICS_HOST"),
)


@dataclass(frozen=True)
class Configuration:
    """`values` is the environment with `.env` under it: a variable that is set, even to nothing, wins."""

    values: dict[str, str]
    given: frozenset[str]
    data_dir: Path
    host: str
    port: int
    metrics_host: str
    metrics_port: int
    flower_port: int
    drain_seconds: float
    reply_concurrency: int

    @property
    def production(self) -> bool:
        return self.values.get("ENVIRONMENT", "").lower() == "production"

    @property
    def log_dir(self) -> Path:
        return self.data_dir / "log"

    @property
    def run_dir(self) -> Path:
        return self.data_dir / "run"

    @property
    def local_host(self) -> str:
        """Where this machine reaches the web server."""
        return _reached_at(self.host)

    @property
    def metrics_url(self) -> str:
        host = _reached_at(self.metrics_host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.metrics_port}/metrics"

    def ports(self) -> dict[str, tuple[str, int]]:
        return {
            "PORT": (self.host, self.port),
            "METRICS_PORT": (self.metrics_host, self.metrics_port),
            "FLOWER_PORT": (LOOPBACK, self.flower_port),
        }

    def port_faults(self) -> list[str]:
        """One sentence for each port that cannot be used."""
        if len({self.port, self.metrics_port, self.flower_port}) < len(self.ports()):
            return ["PORT, METRICS_PORT and FLOWER_PORT must be three different ports."]
        hosts = (("HOST", self.host), ("METRICS_HOST", self.metrics_host))
        foreign = [(name, host) for name, host in hosts if taken(0, host)]
        if foreign:
            return [
                f"{name} {host} is not an address of this machine; choose another {name}." for name, host in foreign
            ]
        states = ((name, port, taken(port, host)) for name, (host, port) in self.ports().items())
        return [f"{name} {port} {state}; choose another {name}." for name, port, state in states if state]


def read(environ: Mapping[str, str], repository: Path = REPOSITORY) -> Configuration:
    """Merge the environment and `.env`.

    Raises:
        Fault: naming every fault at once.
    """
    file = dotenv.read(repository / ".env")
    configuration, faults = examine(environ, file, repository)
    if file.faults or faults:
        raise Fault("\n".join([*file.faults, *faults]))
    return configuration


def examine(environ: Mapping[str, str], file: DotEnv, repository: Path = REPOSITORY) -> tuple[Configuration, list[str]]:
    """What a file that was read and the environment say together, and what is wrong with the variables."""
    values = {**file.values, **environ}
    faults: list[str] = []
    port = _whole("PORT", values, 8000, faults)
    configuration = Configuration(
        values=values,
        given=frozenset(file.values) | {name for name in KNOWN if name in environ},
        data_dir=(repository / Path(values.get("DATA_DIR") or "var").expanduser()).absolute(),
        host=values.get("HOST") or LOOPBACK,
        port=port,
        metrics_host=values.get("METRICS_HOST") or LOOPBACK,
        metrics_port=_whole("METRICS_PORT", values, port + 1, faults),
        flower_port=_whole("FLOWER_PORT", values, port + 2, faults),
        drain_seconds=_whole("DRAIN_SECONDS", values, 8, faults),
        reply_concurrency=_whole("REPLY_CONCURRENCY", values, 32, faults),
    )
    return configuration, faults


def _reached_at(host: str) -> str:
    return {"0.0.0.0": LOOPBACK, "::": "::1", "": LOOPBACK}.get(host, host)  # noqa: S104 - names them, binds nothing


def _whole(name: str, values: Mapping[str, str], default: int, faults: list[str]) -> int:
    raw = values.get(name) or str(default)
    number = int(raw) if raw.isascii() and raw.isdigit() else 0
    highest = HIGHEST_PORT if name.endswith("PORT") else 10**6
    if not 1 <= number <= highest:
        faults.append(f"{name} must be a whole number from 1 to {highest}.")
    return number
