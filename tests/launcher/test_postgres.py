from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest

from launcher.children import processes_in, signal_group
from launcher.embedded import PostgresServer, placement
from launcher.faults import Fault
from tests.harness.servers import query
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

AS_ROOT = os.getuid() == 0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One for the tests that leave it running, whatever they do to it."""
    folder = Path(tempfile.mkdtemp(prefix="sav-"))
    with PostgresServer(folder / "postgres", durable=False) as running:
        yield running
    shutil.rmtree(folder)


def _show(server: PostgresServer, setting: str) -> object:
    return query(server.url, f"SHOW {setting}")[0][0]


def _remember(server: PostgresServer) -> None:
    query(server.url, "CREATE TABLE IF NOT EXISTS memory AS SELECT 'kept' AS word")


def _memory(server: PostgresServer) -> object:
    return query(server.url, "SELECT word FROM memory")[0][0]


def test_what_it_is(server: PostgresServer) -> None:
    version, encoding, upper, superuser, creates = query(
        server.url,
        "SELECT current_setting('server_version_num')::int / 10000, current_setting('server_encoding'), upper('é'),"
        " rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user",
    )[0]

    assert (version, encoding, upper) == (16, "UTF8", "É")
    assert (superuser, creates) == (False, True)
    assert _show(server, "listen_addresses") == "127.0.0.1"
    assert _show(server, "max_connections") == "200"


def test_only_the_password_opens_it(server: PostgresServer) -> None:
    for url in (server.url.replace("sav:", "sav:x"), f"postgresql://postgres@127.0.0.1:{server.port}/postgres"):
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(url)


def test_the_password_is_on_no_command_line_and_in_private_files(server: PostgresServer) -> None:
    password = (server.folder / "password").read_text()

    assert password in server.url
    assert password not in Path(f"/proc/{server.pid}/cmdline").read_text()
    for name in ("password", "superuser-password"):
        assert (server.folder / name).stat().st_mode & 0o777 == 0o600


def test_its_log_has_no_words_of_people(server: PostgresServer) -> None:
    query(server.url, "CREATE TABLE person (address text PRIMARY KEY)")
    statement = "INSERT INTO person VALUES ('someone@example.org'), ('someone@example.org')"
    with pytest.raises(psycopg2.errors.UniqueViolation):
        query(server.url, statement)

    assert "unique constraint" in server.log.read_text()
    assert "someone@example.org" not in server.log.read_text()


def test_it_is_durable_unless_told_otherwise(server: PostgresServer, private_folder: Path) -> None:
    assert _show(server, "fsync") == "off"
    with PostgresServer(private_folder / "durable") as durable:
        assert (_show(durable, "fsync"), _show(durable, "synchronous_commit")) == ("on", "on")


def test_a_second_start_finds_the_data_and_the_port(private_folder: Path) -> None:
    with PostgresServer(private_folder / "postgres", durable=False) as first:
        _remember(first)
        url = first.url
    with PostgresServer(private_folder / "postgres", durable=False) as second:
        assert _memory(second) == "kept"
        assert second.url == url


def test_killed_it_comes_back_on_its_port(server: PostgresServer) -> None:
    _remember(server)
    url = server.url

    server.kill()
    assert server.pid is None
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(url)
    server.start()

    assert server.url == url
    assert _memory(server) == "kept"


def test_restart_keeps_everything(server: PostgresServer) -> None:
    _remember(server)
    first = server.pid

    server.restart()

    assert server.pid != first
    assert _memory(server) == "kept"


def test_stale_lock_files_that_name_a_living_program_stop_nothing(private_folder: Path) -> None:
    """After a power cut the number in them may be anybody's."""
    with PostgresServer(private_folder / "postgres", durable=False) as first:
        _remember(first)
        stale = {path: path.read_text() for path in (first.data / "postmaster.pid", *first.folder.glob(".s.*.lock"))}
        pid = str(first.pid)
    assert len(stale) == 2
    bystander = subprocess.Popen(["/bin/sleep", "600"])
    try:
        for path, content in stale.items():
            path.write_text(content.replace(pid, str(bystander.pid), 1))
        with PostgresServer(private_folder / "postgres", durable=False) as second:
            assert _memory(second) == "kept"
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_folder_in_use_is_named_and_its_server_lives_on(server: PostgresServer) -> None:
    with pytest.raises(Fault, match="is in use by a running copy") as fault:
        PostgresServer(server.folder).start()

    assert str(server.folder) in str(fault.value)
    assert str(os.getpid()) in str(fault.value)
    assert query(server.url, "SELECT 1") == [(1,)]


def test_an_interrupted_first_start_is_begun_again(private_folder: Path) -> None:
    half_made = private_folder / "postgres" / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("16\n")

    with PostgresServer(private_folder / "postgres", durable=False) as server:
        assert query(server.url, "SELECT 1") == [(1,)]


def test_data_of_another_version_are_not_touched(private_folder: Path) -> None:
    data = private_folder / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")

    with pytest.raises(Fault, match="PostgreSQL 15's"):
        PostgresServer(private_folder / "postgres").start()

    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]


@pytest.mark.parametrize("name", ["x" * 120, "two words, é"])
def test_any_folder_name_will_do(private_folder: Path, name: str) -> None:
    with PostgresServer(private_folder / name, durable=False) as server:
        through_socket = server.url.replace(f"127.0.0.1:{server.port}", "") + f"?host={server.socket_folder}"
        for url in (server.url, f"{through_socket}&port={server.port}"):
            psycopg2.connect(url).close()

    assert server.socket_folder == server.folder or not server.socket_folder.exists()


def test_it_dies_with_the_process_that_started_it(private_folder: Path) -> None:
    program = (
        "import pathlib, signal, sys; from launcher.embedded import PostgresServer\n"
        "PostgresServer(pathlib.Path(sys.argv[1]), durable=False).start(); print('up', flush=True); signal.pause()"
    )
    command = [sys.executable, "-c", program, str(private_folder / "postgres")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        data = private_folder / "postgres" / "data"
        assert processes_in(data)
        owner.kill()

    wait_until(lambda: not processes_in(data), "the end of PostgreSQL")
    with PostgresServer(private_folder / "postgres", durable=False) as server:
        assert query(server.url, "SELECT 1") == [(1,)]


def test_a_busy_session_that_outlives_a_crash_is_ended(server: PostgresServer) -> None:
    """It would keep the next start out: PostgreSQL refuses data that an old process still maps."""
    with contextlib.closing(psycopg2.connect(server.url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        os.kill(cursor.fetchone()[0], signal.SIGSTOP)
        server.kill()
        server.start()

    assert query(server.url, "SELECT 1") == [(1,)]


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user needs no other way")
def test_root_without_namespaces_runs_it_as_nobody(private_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = Path("/var/lib") / f"chatbot-sav-{private_folder.name}"
    monkeypatch.setattr(placement, "ELSEWHERE", elsewhere)
    monkeypatch.setattr(placement, "namespaces_allowed", lambda: False)
    try:
        with PostgresServer(private_folder / "postgres", durable=False) as server:
            _remember(server)
            assert Path(f"/proc/{server.pid}").stat().st_uid == Path(server.data.resolve()).stat().st_uid != 0
        monkeypatch.setattr(placement, "namespaces_allowed", lambda: True)
        with PostgresServer(private_folder / "postgres", durable=False) as server:
            assert _memory(server) == "kept"
    finally:
        shutil.rmtree(elsewhere)


@pytest.mark.skipif(not AS_ROOT, reason="only root is refused by PostgreSQL")
def test_data_that_need_a_namespace_are_not_forgotten_where_there_is_none(
    private_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with PostgresServer(private_folder / "postgres", durable=False):
        pass
    monkeypatch.setattr(placement, "namespaces_allowed", lambda: False)

    with pytest.raises(Fault, match="need a user namespace"):
        PostgresServer(private_folder / "postgres").start()


def test_a_group_that_is_gone_takes_no_signal() -> None:
    with subprocess.Popen(["/bin/true"], start_new_session=True) as process:
        process.wait()

    assert signal_group(process.pid, signal.SIGKILL) is False
