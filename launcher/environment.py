"""The environment of the children."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from launcher.configuration import KNOWN, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from launcher.configuration import Configuration

# What `make` leaves for its own children, and what would bend the venv's Python.
FOREIGN = (
    *("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MAKE_TERMOUT", "MAKE_TERMERR", "INGEST_PATH", "ARGS"),
    *("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONDONTWRITEBYTECODE", "__PYVENV_LAUNCHER__"),
)


def for_tools(values: Mapping[str, str], repository: Path = REPOSITORY) -> dict[str, str]:
    """For a program of the venv that needs no running application."""
    environment = {name: value for name, value in values.items() if name not in FOREIGN}
    venv = repository / ".venv"
    environment["VIRTUAL_ENV"] = str(venv)
    environment["PATH"] = f"{venv / 'bin'}{os.pathsep}{values.get('PATH', os.defpath)}"
    return environment


def for_application(configuration: Configuration, made: Mapping[str, str]) -> dict[str, str]:
    """For everything that runs the application; `made` are the addresses and secrets we provide."""
    return {
        **for_tools(configuration.values),
        "PORT": str(configuration.port),
        "HOST": configuration.host,
        "METRICS_HOST": configuration.metrics_host,
        "METRICS_PORT": str(configuration.metrics_port),
        "FLOWER_PORT": str(configuration.flower_port),
        "DATA_DIR": str(configuration.data_dir),
        "ENVIRONMENT": configuration.values.get("ENVIRONMENT") or "development",
        "DRAIN_SECONDS": str(int(configuration.drain_seconds)),
        "REPLY_CONCURRENCY": str(configuration.reply_concurrency),
        # Many processes share few cores: a thread pool in each would only fight the others.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        "PYTHONUNBUFFERED": "1",
        **made,
    }


def with_metrics(environment: Mapping[str, str], configuration: Configuration) -> dict[str, str]:
    """For the processes whose counters are added up: never for a command that comes and goes."""
    return {**environment, "PROMETHEUS_MULTIPROC_DIR": str(configuration.data_dir / "metrics")}


def empty_metrics(configuration: Configuration) -> None:
    folder = configuration.data_dir / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def of_the_application(environment: Mapping[str, str], configuration: Configuration) -> dict[str, str]:
    """The part of it that a later command needs to reach the same application."""
    names = {*KNOWN, *configuration.given, "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"}
    return {name: environment[name] for name in names if name in environment}
