from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import pytest
import redis

from tests.harness.outside import OutsideForbiddenError, OutsideGuard
from tests.harness.processes import Process, ProcessEndedError
from tests.harness.servers import query
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.servers import Servers


def test_databases_are_copies_that_do_not_touch_each_other(servers: Servers) -> None:
    first = servers.create_database("first")
    query(first, "CREATE TABLE word (text text)")
    query(first, "INSERT INTO word VALUES (%s)", ["bonjour"])
    second = servers.create_database("second", "first")
    query(second, "DELETE FROM word")
    assert query(first, "SELECT text FROM word") == [("bonjour",)]
    assert query(second, "SELECT text FROM word") == []
    for name in ("first", "second"):
        servers.drop_database(name)


def test_redis_is_emptied(servers: Servers, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as connection:
        connection.set("ticket", "1")
        servers.flush_redis()
        assert connection.dbsize() == 0


def test_own_servers_survive_a_kill_with_their_rows(own_servers: Servers) -> None:
    url = own_servers.create_database("rows")
    query(url, "CREATE TABLE word AS SELECT 'gardé' AS text")
    assert own_servers.postgres is not None
    own_servers.postgres.kill()
    own_servers.postgres.start()
    assert query(url, "SELECT text FROM word") == [("gardé",)]


def test_given_servers_are_used_as_they_are(servers: Servers, tmp_path: Path) -> None:
    given = type(servers)(
        tmp_path,
        "gw3",
        durable=False,
        environ={"TEST_DATABASE_URL": servers.database_url, "TEST_REDIS_URL": servers.redis_url},
    )
    with given:
        assert given.postgres is None
        assert given.redis_url.endswith("/4")
        assert query(given.create_database("any"), "SELECT current_database()") == [("sav_test_gw3_any",)]
        given.drop_database("any")


def test_a_process_is_followed_stopped_killed_and_started_again(tmp_path: Path) -> None:
    code = "import time; print('up', flush=True); time.sleep(600)"
    process = Process("sleeper", [sys.executable, "-c", code], {}, tmp_path, tmp_path)
    process.start()
    process.wait_log("up")
    process.pause()
    assert process.stop() == -15
    process.start()
    process.wait_log("up")
    process.kill()
    assert process.exit_code == -9


def test_a_process_that_ends_early_says_so_with_its_log(tmp_path: Path) -> None:
    process = Process("fallen", [sys.executable, "-c", "print('no such door'); exit(3)"], {}, tmp_path, tmp_path)
    process.start()
    with pytest.raises(ProcessEndedError, match="no such door"):
        process.wait_log("ready")
    assert process.wait() == 3


def test_waiting_in_vain_names_what_for() -> None:
    with pytest.raises(TimeoutError, match=r"Godot[\s\S]*a tree"):
        wait_until(lambda: False, "Godot", seconds=0.1, evidence=lambda: "a tree")


def test_the_outside_is_refused_and_remembered() -> None:
    guard = OutsideGuard()
    guard.install()
    try:
        with socket.socket() as one, pytest.raises(OutsideForbiddenError):
            one.connect(("192.0.2.1", 80))
        with pytest.raises(OutsideForbiddenError):
            socket.getaddrinfo("api.openai.com", 443)
        assert socket.getaddrinfo("localhost", 80)
    finally:
        guard.remove()
    assert guard.attempts == ["192.0.2.1", "api.openai.com"]
