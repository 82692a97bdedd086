from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING

import pytest

from launcher.ports import LOOPBACK

if TYPE_CHECKING:
    from tests.launcher.clone import Clone


def _wrong(said: str) -> list[str]:
    return re.findall(r"^WRONG  (.*)$", said, re.MULTILINE)


def test_nothing_is_wrong_with_a_fresh_clone(clone: Clone) -> None:
    outcome = clone.command("doctor")

    assert outcome.stdout.splitlines()[-1] == "Nothing is wrong."
    assert outcome.returncode == 0
    way = "directly" if os.getuid() else "PostgreSQL refuses root"
    assert way in outcome.stdout


def test_everything_wrong_is_named_at_once(clone: Clone) -> None:
    (clone.folder / ".env").write_text("OPENAI_API_KEI=sk-1\nMODEL_OUT=perhaps\nnonsense\n")
    (clone.folder / ".env").chmod(0o644)
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        outcome = clone.command("doctor", PORT=str(port))

    assert outcome.returncode == 1
    wrong = _wrong(outcome.stdout)
    assert wrong.count(".env, line 3: is not KEY=VALUE.") == 1
    assert outcome.stdout.splitlines()[-1] == f"{len(wrong)} to mend."
    assert f"PORT {port} is taken by another program; choose another PORT." in wrong
    assert ".env sets OPENAI_API_KEI, which nothing reads." in wrong
    assert ".env can be read by other users of this machine." in wrong
    assert any("MODEL_OUT" in line for line in wrong)
    assert "sk-1" not in outcome.stdout


def test_a_host_of_another_machine_is_named(clone: Clone) -> None:
    outcome = clone.command("doctor", HOST="192.0.2.1", METRICS_HOST="198.51.100.1")

    assert _wrong(outcome.stdout) == [
        "HOST 192.0.2.1 is not an address of this machine; choose another HOST.",
        "METRICS_HOST 198.51.100.1 is not an address of this machine; choose another METRICS_HOST.",
    ]


@pytest.mark.parametrize("folder", ["file/var", "/proc/nope"])
def test_a_data_folder_that_cannot_be_written_is_named(clone: Clone, folder: str) -> None:
    (clone.folder / "file").touch()

    outcome = clone.command("doctor", DATA_DIR=folder)

    assert outcome.returncode == 1
    assert ["cannot be written to" in line for line in _wrong(outcome.stdout)] == [True]
    assert outcome.stdout.splitlines()[-1] == "1 to mend."
    assert "Traceback" not in outcome.stderr


def test_variables_that_are_no_numbers_are_named_each(clone: Clone) -> None:
    outcome = clone.command("doctor", PORT="http", DRAIN_SECONDS="-1")

    assert [line.partition(" ")[0] for line in _wrong(outcome.stdout)] == ["PORT", "DRAIN_SECONDS"]
    assert outcome.stdout.splitlines()[-1] == "2 to mend."


def test_given_servers_are_tried(clone: Clone) -> None:
    outcome = clone.command("doctor", REDIS_URL="redis://:hunter22@127.0.0.1:1/0")

    assert _wrong(outcome.stdout) == ["REDIS_URL: no Redis answers at 127.0.0.1:1."]
    assert "hunter22" not in outcome.stdout


def test_production_without_secrets_is_wrong(clone: Clone) -> None:
    outcome = clone.command("doctor", ENVIRONMENT="production")

    assert outcome.returncode == 1
    assert any("SECRET_KEY" in line for line in _wrong(outcome.stdout))


def test_the_running_application_is_asked(running: Clone) -> None:
    outcome = running.command("doctor")

    assert f"the application runs and is ready: http://localhost:{running.port}" in outcome.stdout
    assert outcome.returncode == 0


@pytest.mark.parametrize("arguments", [(), ("dance",)])
def test_an_unknown_verb_is_answered_with_the_known_ones(clone: Clone, arguments: tuple[str, ...]) -> None:
    outcome = clone.command(*arguments)

    assert outcome.returncode == 2
    assert "run|test|check" in outcome.stderr
