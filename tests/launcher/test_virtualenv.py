from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from launcher.faults import Fault
from launcher.virtualenv import DEVELOPMENT, RUNTIME, Virtualenv

ROOT = Path(__file__).resolve().parents[2]
ABSENT = "no-such-package-of-ours==1 --hash=sha256:" + "0" * 64 + "\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "two words"
    folder.mkdir()
    for lock in (RUNTIME, DEVELOPMENT):
        (folder / lock).write_text("# nothing\n")
    return folder


def _virtualenv(repository: Path) -> Virtualenv:
    return Virtualenv(repository / "var" / "pip.log", repository)


def _runs(virtualenv: Virtualenv) -> bool:
    return subprocess.run([str(virtualenv.python), "-c", "import pip"], check=False).returncode == 0


def test_it_is_made_once_and_again_after_a_move(repository: Path) -> None:
    first = _virtualenv(repository)
    first.ensure(RUNTIME)
    assert first.current(RUNTIME)
    assert _runs(first)

    (repository / "var" / "pip.log").unlink()
    first.ensure(RUNTIME)
    assert not (repository / "var" / "pip.log").exists()

    moved = _virtualenv(repository.rename(repository.with_name("elsewhere")))
    assert not moved.current(RUNTIME)
    moved.ensure(RUNTIME)
    assert str(moved.python) in (moved.bin / "pip").read_text()


def test_a_changed_lock_is_installed_and_a_failure_says_where_to_read(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    virtualenv = _virtualenv(repository)
    virtualenv.ensure(DEVELOPMENT)
    assert virtualenv.current(RUNTIME)  # the one covers the other

    (repository / RUNTIME).write_text(ABSENT)
    with pytest.raises(Fault, match="could not be installed") as fault:
        virtualenv.ensure(RUNTIME)

    assert str(repository / "var" / "pip.log") in str(fault.value)
    assert "no-such-package-of-ours" in str(fault.value)
    assert not virtualenv.current(RUNTIME)


def test_two_at_once_make_one(repository: Path) -> None:
    program = (
        "import pathlib, sys; from launcher.virtualenv import RUNTIME, Virtualenv\n"
        "here = pathlib.Path(sys.argv[1]); Virtualenv(here / sys.argv[2], here).ensure(RUNTIME)"
    )
    commands = [[sys.executable, "-c", program, str(repository), f"{name}.log"] for name in ("one", "two")]
    makers = [subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) for command in commands]

    assert [maker.wait() for maker in makers] == [0, 0]
    assert _virtualenv(repository).current(RUNTIME)
    assert len(list(repository.glob("*.log"))) == 1


def test_a_half_made_one_is_made_again(repository: Path) -> None:
    (repository / ".venv" / "bin").mkdir(parents=True)
    (repository / ".venv" / "bin" / "python").symlink_to("/nowhere/python")

    virtualenv = _virtualenv(repository)
    virtualenv.ensure(RUNTIME)

    assert _runs(virtualenv)


def test_a_clone_without_its_lock_is_said(repository: Path) -> None:
    (repository / RUNTIME).unlink()

    with pytest.raises(Fault, match=r"requirements\.lock is missing"):
        _virtualenv(repository).ensure(RUNTIME)
