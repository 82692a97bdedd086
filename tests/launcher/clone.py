"""A copy of the launcher in a folder of its own, run as a person would run it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from launcher import remains
from launcher.children import processes_in
from launcher.ports import free_port
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[2]
STAND_INS = Path(__file__).with_name("stand_ins")
TOOLS = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTEST_CURRENT_TEST")


class Clone:
    """`var` is its DATA_DIR; three free ports are its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.var = folder / "var"
        self.port = free_port()
        self.runs: list[subprocess.Popen[str]] = []
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "launcher", folder / "launcher", ignore=ignored)
        shutil.copy(ROOT / "Makefile", folder)
        (folder / "webapp").mkdir()
        for name in ("__init__.py", "secret_rules.py", "settings.py"):
            shutil.copy(ROOT / "webapp" / name, folder / "webapp")
        for name in ("requirements.lock", "requirements-dev.lock"):
            (folder / name).write_text("")

    def lend_packages(self, prefix: Path) -> None:
        """A `.venv` with the packages of the one in `prefix` and with programs of its own."""
        venv = self.folder / ".venv"
        (venv / "bin").mkdir(parents=True)
        (venv / "lib").symlink_to(prefix / "lib")
        shutil.copy(prefix / "pyvenv.cfg", venv)
        (venv / "bin" / "python").symlink_to((prefix / "bin" / "python").resolve())
        digest = hashlib.sha256(b"").hexdigest()
        place = f"{venv} {(venv / 'bin' / 'python').resolve()}"
        stamp = {"requirements.lock": digest, "requirements-dev.lock": digest, "place": place}
        (venv / "launcher-stamp.json").write_text(json.dumps(stamp))

    def install_stand_ins(self) -> None:
        """Programs under the names of the true ones; the modules of tasks/ likewise."""
        programs = self.folder / ".venv" / "bin"
        for name in ("flask", "gunicorn"):
            target = programs / name
            target.write_text(f"#!{programs / 'python'}\n{(STAND_INS / f'{name}.py').read_text()}")
            target.chmod(0o755)
        (self.folder / "tasks").mkdir()
        (self.folder / "tasks" / "__init__.py").touch()
        for name in ("dispatcher", "celery_worker", "flower"):
            shutil.copy(STAND_INS / "stays.py", self.folder / "tasks" / f"{name}.py")

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        plain = {name: value for name, value in os.environ.items() if name not in TOOLS}
        ports = {"PORT": self.port, "METRICS_PORT": free_port(), "FLOWER_PORT": free_port()}
        return plain | {name: str(port) for name, port in ports.items()} | {"DRAIN_SECONDS": "1", **more}

    def command(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a verb to its end."""
        return subprocess.run(
            [sys.executable, "-m", "launcher", *arguments],
            cwd=self.folder,
            env=self.environment(more),
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, **more: str) -> subprocess.Popen[str]:
        """`run` in the background, until its ready line."""
        run = subprocess.Popen(
            [sys.executable, "-m", "launcher", "run"],
            cwd=self.folder,
            env=self.environment(more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.runs.append(run)
        lines = []
        for line in run.stdout or ():
            lines.append(line)
            if line.startswith("ready:"):
                return run
        raise AssertionError(f"it ended before it was ready:\n{''.join(lines)}")

    def children(self) -> list[remains.Child]:
        """What the running launcher recorded."""
        return remains.recorded(self.var / "run" / "processes.json")

    def wait_gone(self, children: list[remains.Child]) -> None:
        data = self.var / "postgres" / "data"
        wait_until(lambda: not any(child.alive() for child in children), "the children's end")
        wait_until(lambda: not processes_in(data), "the last PostgreSQL process")

    def command_line(self, child: remains.Child) -> str:
        return Path(f"/proc/{child.pid}/cmdline").read_text().replace("\0", " ")

    def end_all(self) -> None:
        children = self.children()
        for run in self.runs:
            run.send_signal(signal.SIGTERM)
            run.wait()
            if run.stdout:
                run.stdout.close()
        remains.end(children, seconds=0.0)
