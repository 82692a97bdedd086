from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from launcher.embedded import ValkeyServer
from launcher.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def server(private_folder: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(private_folder / "valkey") as running:
        yield running


@contextlib.contextmanager
def _client(url: str) -> Iterator[redis.Redis]:
    with contextlib.closing(redis.Redis.from_url(url)) as client:
        yield client


def test_what_it_is(server: ValkeyServer) -> None:
    with _client(server.url) as client:
        settings = client.config_get("*")

    assert settings["maxmemory-policy"] == "noeviction"
    assert (settings["appendonly"], settings["appendfsync"]) == ("yes", "everysec")
    assert settings["bind"] == "127.0.0.1"


def test_only_the_password_opens_it_and_it_is_on_no_command_line(server: ValkeyServer) -> None:
    command_line = Path(f"/proc/{server.pid}/cmdline").read_text()

    with _client(f"redis://127.0.0.1:{server.port}/0") as client, pytest.raises(redis.AuthenticationError):
        client.ping()
    assert "valkey-server" in command_line
    assert (server.folder / "password").read_text() not in command_line
    assert (server.folder / "valkey.conf").stat().st_mode & 0o777 == 0o600


def test_killed_it_comes_back_with_its_tickets(server: ValkeyServer) -> None:
    url = server.url
    with _client(url) as client:
        client.rpush("replies", "1")

    server.kill()
    server.start()

    assert server.url == url
    with _client(url) as client:
        assert client.lrange("replies", 0, -1) == [b"1"]


def test_a_folder_in_use_is_named(server: ValkeyServer) -> None:
    with pytest.raises(Fault, match="in use by a running copy"):
        ValkeyServer(server.folder).start()


def test_a_port_that_is_taken_is_named(server: ValkeyServer, private_folder: Path) -> None:
    with pytest.raises(Fault, match=f"Port {server.port} "):
        ValkeyServer(private_folder / "other", port=server.port).start()


def test_a_file_it_cannot_read_is_put_aside(server: ValkeyServer) -> None:
    """It ends at once with such a file; the next launch, as the supervisor makes it, starts empty."""
    with _client(server.url) as client:
        client.rpush("replies", *range(1000))
    server.kill()
    for file in server.data.glob("appendonlydir/*.incr.aof"):
        content = file.read_bytes()
        file.write_bytes(content[:200] + b"\x00garbage\x00" + content[200:])

    with pytest.raises(Fault, match="did not start"):
        server.start()
    server.start()

    with _client(server.url) as client:
        assert client.llen("replies") == 0
    assert (server.folder / "data.unreadable").is_dir()
