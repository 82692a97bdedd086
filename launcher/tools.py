"""`make test`, `check`, `evaluate`, `chaos`, `bench` and `ingest`: commands of the virtual environment."""

from __future__ import annotations

import glob
import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from launcher import application, configuration
from launcher.configuration import REPOSITORY
from launcher.environment import for_tools
from launcher.faults import Fault
from launcher.terminal import complain
from launcher.virtualenv import DEVELOPMENT, RUNTIME, Virtualenv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHECKS = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports",))
SEVERAL_CORES = 2
TEST_WORKERS = 3  # one more than the cores: many tests wait for a deadline
YES = ("yes", "true", "1")


def test(environ: Mapping[str, str]) -> NoReturn:
    """Become pytest; ARGS has more arguments for it."""
    virtualenv = _prepared(environ, DEVELOPMENT)
    workers = str(TEST_WORKERS) if len(os.sched_getaffinity(0)) >= SEVERAL_CORES else "0"
    extra = shlex.split(environ.get("ARGS", ""))
    _become(virtualenv, for_tools(environ), "python", "-m", "pytest", "-n", workers, *extra)


def check(environ: Mapping[str, str]) -> int:
    """Run every check, whatever the first says; 1 if any found a fault."""
    virtualenv = _prepared(environ, DEVELOPMENT)
    failed = []
    for program, *arguments in CHECKS:
        outcome = subprocess.run(
            [str(virtualenv.bin / program), *arguments], cwd=REPOSITORY, env=for_tools(environ), check=False
        )
        failed += [shlex.join([program, *arguments])] if outcome.returncode else []
    if failed:
        complain(f"not clean: {', '.join(failed)}")
    return 1 if failed else 0


def evaluate(environ: Mapping[str, str]) -> NoReturn:
    """Become the evaluation of CORPUS and QUESTIONS, with MODEL if it is given."""
    named = {option: environ.get(option.upper(), "") for option in ("corpus", "questions", "model")}
    if not named["corpus"] or not named["questions"]:
        raise Fault("Say which files: make evaluate CORPUS=a.jsonl QUESTIONS=b.jsonl [MODEL=extractive]")
    virtualenv = _prepared(environ, RUNTIME)
    options = [part for option, value in named.items() if value for part in (f"--{option}", value)]
    found = configuration.read(environ)
    _become(virtualenv, for_tools(found.values), "python", "-m", "tasks.evaluate", *options)


def chaos(environ: Mapping[str, str]) -> NoReturn:
    """Become the fault campaign, against a private copy of the stack."""
    virtualenv = _prepared(environ, RUNTIME)
    options = [
        part
        for name in ("seconds", "seed", "messages")
        if (value := environ.get(name.upper()))
        for part in (f"--{name}", value)
    ]
    found = configuration.read(environ)
    _become(virtualenv, for_tools(found.values), "python", "-m", "benchmarks.chaos", *options)


def bench(environ: Mapping[str, str]) -> NoReturn:
    """Become the benchmarks: SHORT=yes measures less of everything, ONLY=web one thing."""
    virtualenv = _prepared(environ, RUNTIME)
    options = ["--short"] if environ.get("SHORT", "").lower() in YES else []
    options += ["--only", environ["ONLY"]] if environ.get("ONLY") else []
    found = configuration.read(environ)
    _become(virtualenv, for_tools(found.values), "python", "-m", "benchmarks.bench", *options)


def ingest(environ: Mapping[str, str], arguments: Sequence[str]) -> NoReturn:
    """Become the application's own ingest command, in the environment of the running application."""
    paths = [*arguments] or split_paths(environ.get("INGEST_PATH", ""))
    if not paths:
        raise Fault("Say which files or folders: make ingest PATH=folder")
    if absent := [path for path in paths if not Path(path).exists()]:
        raise Fault(f"Not found: {', '.join(absent)}")
    found = configuration.read(environ)
    running = application.running(found.run_dir)
    if running is None:
        raise Fault(f"No application runs on DATA_DIR {found.data_dir}; start it with make run.")
    _become(_virtualenv(found), {**for_tools(found.values), **running}, "flask", "--app", "wsgi", "ingest", *paths)


def split_paths(given: str) -> list[str]:
    """One name as it stands if there is such a file; else shell words, with their wildcards."""
    if not given or Path(given).expanduser().exists():
        return [str(Path(given).expanduser())] if given else []
    try:
        words = shlex.split(given)
    except ValueError:
        return [given]
    return [path for word in words for path in sorted(glob.glob(os.path.expanduser(word))) or [word]]  # noqa: PTH111, PTH207 - Path has no glob for whole paths


def _virtualenv(found: configuration.Configuration) -> Virtualenv:
    return Virtualenv(found.log_dir / "pip.log")


def _prepared(environ: Mapping[str, str], lock: str) -> Virtualenv:
    virtualenv = _virtualenv(configuration.read(environ))
    virtualenv.ensure(lock)
    return virtualenv


def _become(virtualenv: Virtualenv, environment: Mapping[str, str], program: str, *arguments: str) -> NoReturn:
    os.chdir(REPOSITORY)
    path = virtualenv.bin / program
    try:
        os.execve(path, [str(path), *arguments], dict(environment))  # noqa: S606 - a program of our venv, no shell
    except OSError as error:
        raise Fault(f"{path} cannot be run ({error.strerror}); see make doctor.") from None
