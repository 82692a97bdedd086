"""`make doctor`: what is wrong, in plain words, and how to mend it."""

from __future__ import annotations

import difflib
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import application, configuration, dotenv, environment, preflight, readiness
from launcher.configuration import KNOWN, REPOSITORY
from launcher.dotenv import DotEnv
from launcher.embedded import placement
from launcher.faults import Fault
from launcher.terminal import say
from launcher.virtualenv import RUNTIME, Virtualenv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from launcher.configuration import Configuration

GIB = 1024**3
DISK_GIB, MEMORY_GIB = 2.0, 1.0
MEND_VARIABLE = "correct the variable, in the environment or in .env"
# Stands for what the first start makes: the addresses of the embedded servers, and a secret. Here nothing is made.
UNBORN = {
    "DATABASE_URL": "postgresql://sav@127.0.0.1/sav",
    "REDIS_URL": "redis://127.0.0.1/0",
    "SECRET_KEY": "made at the first start and kept in DATA_DIR",
}


class Report:
    """Says each finding as it comes and counts the bad ones."""

    def __init__(self) -> None:
        self.wrong = 0

    def fine(self, sentence: str) -> None:
        say(f"ok     {sentence}")

    def bad(self, sentence: str, mend: str = "") -> None:
        self.wrong += 1
        say(f"WRONG  {sentence}" + (f"\n       To mend it: {mend}" if mend else ""))


def doctor(environ: Mapping[str, str]) -> int:
    """Look at everything; 1 if anything is wrong."""
    report = Report()
    report.fine(f"Python {sys.version.split()[0]} ({sys.executable})")
    file = dotenv.read(REPOSITORY / ".env")
    _look_at_dotenv(report, file)
    found, faults = configuration.examine(environ, file)
    for fault in faults:
        report.bad(fault, MEND_VARIABLE)
    if not faults:
        _look_at_machine(report, found)
        _look_at_application(report, found)
    say("Nothing is wrong." if not report.wrong else f"{report.wrong} to mend.")
    return 1 if report.wrong else 0


def _look_at_dotenv(report: Report, file: DotEnv) -> None:
    path = REPOSITORY / ".env"
    for fault in file.faults:
        report.bad(fault, "see .env.example; the rest is looked at without what it may say there")
    for name in file.values:
        close = difflib.get_close_matches(name, KNOWN, n=1, cutoff=0.8)
        if name not in KNOWN and close:
            report.bad(f".env sets {name}, which nothing reads.", f"write {close[0]} if that is what is meant")
    if path.exists() and path.stat().st_mode & 0o077 and os.name == "posix":
        report.bad(".env can be read by other users of this machine.", "chmod 600 .env")
    if not file.faults:
        report.fine(".env is read" if path.exists() else "there is no .env; everything has a default")


def _look_at_machine(report: Report, found: Configuration) -> None:
    if sys.platform != "linux":
        report.bad(f"This system is {sys.platform}; the embedded servers run on Linux.", "use docker compose")
    _look_at_data_dir(report, found)
    memory = _available_memory_gib()
    if memory is not None and memory < MEMORY_GIB:
        report.bad(f"{memory:.1f} GiB of memory are free; {MEMORY_GIB:.0f} is needed.", "end other programs")
    elif memory is not None:
        report.fine(f"{memory:.1f} GiB of memory are free")
    if not found.values.get("DATABASE_URL"):
        report.fine(f"PostgreSQL runs {placement.describe()}")


def _look_at_data_dir(report: Report, found: Configuration) -> None:
    try:
        found.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = found.run_dir / "doctor"
        probe.touch()
        probe.unlink()
    except OSError as error:
        report.bad(f"DATA_DIR {found.data_dir} cannot be written to ({error.strerror}).", "choose another DATA_DIR")
        return
    free = shutil.disk_usage(found.data_dir).free / GIB
    if free < DISK_GIB:
        report.bad(f"{free:.1f} GiB are free on the disk of DATA_DIR; {DISK_GIB:.0f} are needed.", "make room there")
    else:
        report.fine(f"DATA_DIR {found.data_dir} can be written to; {free:.0f} GiB are free")


def _available_memory_gib() -> float | None:
    """What the machine, or the container we are in, still has to give."""
    found = []
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        found.append(int(lines["MemAvailable"].split()[0]) * 1024)
        control = Path("/sys/fs/cgroup")
        limit, used = ((control / name).read_text().strip() for name in ("memory.max", "memory.current"))
        found.append(int(limit) - int(used))
    except (OSError, ValueError, KeyError):
        pass  # no limit, or none that can be read
    return min(found) / GIB if found else None


def _look_at_application(report: Report, found: Configuration) -> None:
    running = application.running(found.run_dir)
    if running is None:
        _look_at_ports(report, found)
    else:
        _look_at_readiness(report, configuration.examine({**found.values, **running}, DotEnv())[0])
    try:
        virtualenv = Virtualenv(found.log_dir / "pip.log")
        virtualenv.ensure(RUNTIME)
    except (Fault, OSError) as error:
        report.bad(str(error), "mend what pip says and run make doctor again")
        return
    report.fine(f".venv holds the packages of {RUNTIME}")
    faults = list(_settings_and_servers(virtualenv, found, running))
    for fault in faults:
        report.bad(fault, MEND_VARIABLE)
    if not faults:
        report.fine("the settings are complete" + (" for production" if found.production else ""))


def _look_at_ports(report: Report, found: Configuration) -> None:
    faults = found.port_faults()
    for fault in faults:
        report.bad(fault)
    if not faults:
        report.fine(f"ports {found.port}, {found.metrics_port} and {found.flower_port} are free")


def _look_at_readiness(report: Report, found: Configuration) -> None:
    missing = readiness.not_ok(readiness.checks(found.local_host, found.port))
    if missing:
        report.bad(f"The application runs but is not ready: {', '.join(missing)}.", f"read the logs in {found.log_dir}")
    else:
        report.fine(f"the application runs and is ready: http://localhost:{found.port}")


def _settings_and_servers(
    virtualenv: Virtualenv, found: Configuration, running: Mapping[str, str] | None
) -> Iterator[str]:
    unborn = {} if found.production else {name: url for name, url in UNBORN.items() if not found.values.get(name)}
    env = environment.for_application(found, {**unborn, **(running or {})})
    yield from preflight.settings_faults(virtualenv, env)
    yield from preflight.server_faults(virtualenv, env, running or found.values)
