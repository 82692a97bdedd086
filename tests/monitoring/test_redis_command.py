"""The command of Redis in docker-compose.yml, run as it stands: a password, a file that is appended to."""

from __future__ import annotations

from pathlib import Path

import pytest
import redis

from launcher.embedded.wheels import valkey_binary
from launcher.ports import LOOPBACK, free_port
from tests.monitoring.programs import COMPOSE, kill, read_yaml, start, wait_up

PASSWORD = "a-password-of-a-test"


def test_redis_asks_for_its_password_and_keeps_a_file(tmp_path: Path) -> None:
    shell, option, script = read_yaml(COMPOSE)["services"]["redis"]["command"]
    port = free_port()
    data = tmp_path / "data"
    data.mkdir()
    script = script.replace("$$", "$").replace("redis-server --dir /data", f"{valkey_binary()} --dir {data}")
    script = script.replace("requirepass", f"bind {LOOPBACK}\nport {port}\nrequirepass")
    process = start(tmp_path, shell, option, script, environ={"REDIS_PASSWORD": PASSWORD})
    try:
        with redis.Redis(port=port, password=PASSWORD) as connection, redis.Redis(port=port) as stranger:
            wait_up(process, lambda: bool(connection.ping()))
            assert connection.config_get("appendonly") == {"appendonly": "yes"}
            assert connection.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert connection.config_get("dir") == {"dir": str(data)}
            with pytest.raises(redis.AuthenticationError):
                stranger.ping()
            assert PASSWORD not in _command_line(process.pid)
        assert process.stop() == 0
    finally:
        kill((process,))
    assert any(data.rglob("*.aof"))


def _command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
