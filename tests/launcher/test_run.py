"""The whole of `run` and `ingest`, with stand-ins for the application's programs and true servers."""

from __future__ import annotations

import json
import os
import signal
import socket
from typing import TYPE_CHECKING

import psycopg2
import redis

from launcher.ports import LOOPBACK, free_port
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from tests.launcher.clone import Clone

SERVICES = {"web", "dispatcher", "replies-1", "replies-2", "background-1", "background-2", "images", "documents"}


def _calls(clone: Clone) -> list[dict[str, dict[str, str]]]:
    return [json.loads(line) for line in (clone.var / "calls.jsonl").read_text().splitlines()]


def test_a_run_from_start_to_stop(clone: Clone) -> None:
    run = clone.start()
    children = clone.children()
    environment = _calls(clone)[0]["environment"]

    assert {child.name for child in children} == SERVICES | {"postgres", "valkey", "flower"}
    assert [call["arguments"][-1] for call in _calls(clone)] == ["upgrade", "prepare"]
    assert environment["DATA_DIR"] == str(clone.var)
    assert environment["PROMETHEUS_MULTIPROC_DIR"] is None
    psycopg2.connect(environment["DATABASE_URL"]).close()
    redis.Redis.from_url(environment["REDIS_URL"]).ping()

    run.send_signal(signal.SIGINT)
    said, _ = run.communicate()

    assert run.returncode == 0
    assert said.splitlines() == ["stopping", "stopped; nothing is left running"]
    clone.wait_gone(children)
    assert [path.name for path in (clone.var / "run").iterdir()] == ["lock"]


def test_a_killed_launcher_takes_everything_with_it(clone: Clone) -> None:
    """Even what ignores a polite request, and the child of such a process."""
    run = clone.start()
    children = clone.children()

    run.kill()

    clone.wait_gone(children)
    wait_until(lambda: [path.name for path in (clone.var / "run").iterdir()] == ["lock"], "the records' removal")


def test_after_a_killed_launcher_the_next_one_starts_at_once(clone: Clone) -> None:
    first = clone.start()
    children = clone.children()

    first.kill()
    clone.start()

    wait_until(lambda: not any(child.alive() for child in children), "the end of the first run's children")
    assert {child.pid for child in clone.children()}.isdisjoint({child.pid for child in children})


def test_after_everything_was_killed_it_starts_again(clone: Clone) -> None:
    first = clone.start()
    children = clone.children()

    first.kill()
    for child in children:
        child.force()
    clone.wait_gone(children)
    clone.start()

    kept = [call["environment"]["SECRET_KEY"] for call in _calls(clone)]
    assert len(kept) == 4
    assert len(set(kept)) == 1


def test_no_secret_is_on_a_command_line_or_open_to_others(running: Clone) -> None:
    environment = _calls(running)[0]["environment"]
    passwords = [environment["SECRET_KEY"], environment["FLOWER_BASIC_AUTH"].partition(":")[2]]
    passwords += [(running.var / server / "password").read_text() for server in ("postgres", "valkey")]

    lines = [running.command_line(child) for child in running.children()]

    assert len(lines) == len(SERVICES) + 3
    assert not [line for line in lines if any(password in line for password in passwords)]
    assert running.var.stat().st_mode & 0o077 == 0
    assert (running.var / "run" / "application.json").stat().st_mode & 0o777 == 0o600


def test_command_lines_have_the_words_operators_look_for(running: Clone) -> None:
    lines = {child.name: running.command_line(child) for child in running.children()}

    words = {"web": "gunicorn", "dispatcher": "tasks.dispatcher", "replies-1": "celery", "flower": "flower"}
    for name, word in (words | {"postgres": "postgres", "valkey": "valkey-server"}).items():
        assert word in lines[name]


def test_ingest_reaches_the_running_application(running: Clone) -> None:
    (running.folder / "two words").mkdir()

    outcome = running.command("ingest", INGEST_PATH="two words")

    assert outcome.returncode == 0
    call = _calls(running)[-1]
    assert call["arguments"] == ["--app", "wsgi", "ingest", "two words"]
    assert call["environment"] == _calls(running)[0]["environment"]


def test_ingest_without_an_application_says_so(clone: Clone) -> None:
    outcome = clone.command("ingest", INGEST_PATH=".")

    assert outcome.returncode == 1
    assert outcome.stderr == f"No application runs on DATA_DIR {clone.var}; start it with make run.\n"


def test_a_data_folder_in_use_is_named(running: Clone) -> None:
    outcome = running.command("run", PORT=str(free_port()))

    assert outcome.returncode == 1
    assert outcome.stderr == f"DATA_DIR {running.var} is in use by a running copy (process {running.runs[0].pid}).\n"


def test_two_copies_live_side_by_side(running: Clone) -> None:
    second = running.start(PORT=str(free_port()), DATA_DIR="other")

    second.send_signal(signal.SIGTERM)
    second.communicate()

    assert second.returncode == 0
    assert all(child.alive() for child in running.children())


def test_a_taken_port_stops_it_before_anything_starts(clone: Clone) -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = str(other.getsockname()[1])
        outcome = clone.command("run", METRICS_PORT=port)

    assert outcome.returncode == 1
    assert outcome.stderr == f"METRICS_PORT {port} is taken by another program; choose another METRICS_PORT.\n"
    assert not (clone.var / "postgres").exists()


def test_a_wrong_address_is_one_sentence_without_its_password(clone: Clone) -> None:
    nowhere = free_port()
    outcome = clone.command("run", DATABASE_URL=f"postgresql://sav:hunter22@127.0.0.1:{nowhere}/sav")

    assert outcome.returncode == 1
    assert outcome.stderr == f"DATABASE_URL: no PostgreSQL answers at 127.0.0.1:{nowhere}.\n"
    assert "hunter22" not in outcome.stdout


def test_production_gets_nothing_made_up(clone: Clone) -> None:
    outcome = clone.command("run", ENVIRONMENT="production")

    assert outcome.returncode == 1
    for name in ("SECRET_KEY", "DATABASE_URL", "REDIS_URL"):
        assert name in outcome.stderr
    assert not (clone.var / "secrets.json").exists()


def test_a_part_that_ends_is_replaced_while_the_application_runs(clone: Clone) -> None:
    clone.start()
    before = {child.name: child.pid for child in clone.children()}

    for name in ("web", "postgres", "valkey"):
        os.kill(before[name], signal.SIGKILL)

    def replaced() -> bool:
        now = {child.name: child.pid for child in clone.children()}
        return all(now.get(name) not in {None, before[name]} for name in ("web", "postgres", "valkey"))

    wait_until(replaced, "new processes")
    url = _calls(clone)[0]["environment"]["DATABASE_URL"]

    def answers() -> bool:
        try:
            psycopg2.connect(url).close()
        except psycopg2.OperationalError:
            return False
        return True

    wait_until(answers, "the database at its old address")
