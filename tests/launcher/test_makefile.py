from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from launcher import tools
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from tests.launcher.clone import Clone

ROOT = Path(__file__).resolve().parents[2]
MAKE = "/usr/bin/make"
VERBS = ("run", "test", "check", "ingest", "evaluate", "bench", "chaos", "doctor")

pytestmark = pytest.mark.skipif(not Path(MAKE).exists(), reason="make is not installed")


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """Stands in for python3: says how it was called."""
    program = tmp_path / "python"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([sys.argv[1:], dict(os.environ)]))\n"
    )
    program.chmod(0o755)
    return program


def _make(python: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """How the launcher was called, and with which environment."""
    command = [MAKE, f"PYTHON={python}", *arguments]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    called: tuple[list[str], dict[str, str]] = json.loads(said)
    return called


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_the_launchers(python: Path, verb: str) -> None:
    arguments, _ = _make(python, verb)

    assert arguments == ["-m", "launcher", verb]


@pytest.mark.parametrize("name", ["doc.pdf", "mes documents/l'été.pdf", 'a "b" c', "cost $5 (net); x.pdf", "/srv/*.md"])
def test_the_names_given_as_path_arrive_as_written_and_programs_are_still_found(python: Path, name: str) -> None:
    _, environment = _make(python, "ingest", f"PATH={name}")

    assert environment["INGEST_PATH"] == name
    assert environment["PATH"] == os.environ["PATH"]


def test_without_path_there_is_nothing_to_ingest(python: Path) -> None:
    _, environment = _make(python, "ingest")

    assert "INGEST_PATH" not in environment
    assert environment["PATH"] == os.environ["PATH"]


def test_variables_reach_the_launcher(python: Path) -> None:
    _, environment = _make(python, "evaluate", "CORPUS=a b.jsonl", "QUESTIONS=q.jsonl", "MODEL=extractive")

    assert [environment[name] for name in ("CORPUS", "QUESTIONS", "MODEL")] == ["a b.jsonl", "q.jsonl", "extractive"]
    assert _make(python, "run", "PORT=9000")[1]["PORT"] == "9000"


def test_help_names_each_verb() -> None:
    said = subprocess.run([MAKE], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert [line.split()[1] for line in said.splitlines()] == ["help", *VERBS]


def test_names_are_split_as_a_shell_would_unless_they_are_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("two words", "a.md", "b.md"):
        Path(name).touch()

    assert tools.split_paths("two words") == ["two words"]
    assert tools.split_paths("'two words' a.md") == ["two words", "a.md"]
    assert tools.split_paths("*.md") == ["a.md", "b.md"]
    assert tools.split_paths("none.md it's") == ["none.md it's"]
    assert tools.split_paths("") == []


@pytest.mark.parametrize("kind", ["term_make", "interrupt_make", "interrupt_group", "kill_make"])
def test_whatever_ends_make_ends_the_run(clone: Clone, kind: str) -> None:
    log = clone.folder / "make.log"
    # A make in the background of a script ignores interrupts.
    interrupts = signal.SIG_IGN if kind == "kill_make" else signal.SIG_DFL
    with log.open("w") as output:
        make = subprocess.Popen(
            [MAKE, f"PYTHON={sys.executable}", "run"],
            cwd=clone.folder,
            env=clone.environment({}),
            stdout=output,
            stderr=output,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, interrupts),  # noqa: PLW1509 - nothing else sets it for a child
        )
    clone.runs.append(make)
    wait_until(lambda: "ready:" in log.read_text() or make.poll() is not None, "make run", evidence=log.read_text)
    children = clone.children()
    assert children

    if kind == "interrupt_group":
        os.killpg(make.pid, signal.SIGINT)
    else:
        numbers = {"term_make": signal.SIGTERM, "interrupt_make": signal.SIGINT, "kill_make": signal.SIGKILL}
        make.send_signal(numbers[kind])

    wait_until(lambda: make.poll() is not None, "the end of make")
    clone.wait_gone(children)
    wait_until(lambda: "nothing is left running" in log.read_text(), "the launcher's farewell")
