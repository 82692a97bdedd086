"""A child that opens strangers' files can neither fill the memory nor turn for ever."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.harness import commands

LIMITED = "from webapp.assistant.confinement import confine; confine(400 << 20, {seconds})\n"


def run(code: str, seconds: int = 30) -> subprocess.CompletedProcess[str]:
    """Run code in a child that may take `seconds` of processor: a busy machine is slow to give out memory."""
    limited = LIMITED.format(seconds=seconds)
    return subprocess.run(
        [sys.executable, "-c", limited + code], cwd=commands.ROOT, capture_output=True, text=True, check=False
    )


def test_memory_past_the_limit_is_refused_to_the_child() -> None:
    assert run("bytearray(300 << 20)").returncode == 0
    assert "MemoryError" in run("bytearray(500 << 20)").stderr


def test_a_child_that_turns_for_ever_is_ended() -> None:
    assert run("while True: pass", seconds=1).returncode in {-signal.SIGXCPU, -signal.SIGKILL}


@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_CORE"])
def test_no_limit_can_be_lifted_by_asking(limit: str) -> None:
    told = run(f"import resource; print(resource.getrlimit(resource.{limit}))")
    soft, hard = told.stdout.strip(" ()\n").split(", ")
    assert soft == hard != "-1"
