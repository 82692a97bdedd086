"""Questions that only the virtual environment can answer, asked before anything is started.

Each is a few lines of Python for a child of ours: the launcher itself stays with the standard library. Answers are one
sentence a line, without any secret; addresses and passwords travel in the environment.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from launcher.configuration import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from launcher.virtualenv import Virtualenv

FOUND_FAULTS = 3
TIMEOUT = 60

SETTINGS = """
import sys
from webapp.settings import SettingsError, load
try:
    load()
except SettingsError as error:
    print("\\n".join(error.faults))
    sys.exit(3)
"""

DATABASE = """
import os, sys
import psycopg2
from psycopg2.extensions import parse_dsn
scheme, _, rest = os.environ["DATABASE_URL"].partition("://")
if scheme.partition("+")[0] not in ("postgres", "postgresql"):
    sys.exit(print("DATABASE_URL is not a postgresql:// address.") or 3)
url = "postgresql://" + rest
try:
    dsn = parse_dsn(url)
    place = f"{dsn.get('host', 'the local socket')}:{dsn.get('port', '5432')}"
    psycopg2.connect(url, connect_timeout=5).close()
except psycopg2.OperationalError as error:
    said = str(error)
    away = ("refused", "timeout", "timed out", "translate host", "resolve", "unreachable", "No route", "No such file")
    if any(word in said for word in away):
        print(f"DATABASE_URL: no PostgreSQL answers at {place}.")
    elif "does not exist" in said:
        print(f"DATABASE_URL: PostgreSQL at {place} answers, but the user or the database named there does not exist.")
    elif "authentication failed" in said or "no password supplied" in said:
        print(f"DATABASE_URL: PostgreSQL at {place} refuses the user or the password.")
    else:
        print(f"DATABASE_URL: PostgreSQL at {place} answers, but does not let this user into this database.")
    sys.exit(3)
except psycopg2.Error:
    sys.exit(print("DATABASE_URL cannot be read as an address.") or 3)
"""

QUEUE = """
import os, sys
import redis
try:
    client = redis.from_url(os.environ["REDIS_URL"], socket_connect_timeout=5, socket_timeout=5)
    options = client.connection_pool.connection_kwargs
    place = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
    client.ping()
except (redis.AuthenticationError, redis.exceptions.NoPermissionError):
    sys.exit(print(f"REDIS_URL: the Redis at {place} refuses the user or the password.") or 3)
except (redis.ConnectionError, redis.TimeoutError):
    sys.exit(print(f"REDIS_URL: no Redis answers at {place}.") or 3)
except redis.RedisError as error:
    refused = "NOAUTH" in str(error) or "WRONGPASS" in str(error)
    said = "refuses the user or the password" if refused else "answers, but not to this address"
    sys.exit(print(f"REDIS_URL: the Redis at {place} {said}.") or 3)
except ValueError:
    sys.exit(print("REDIS_URL cannot be read as an address.") or 3)
"""


def settings_faults(virtualenv: Virtualenv, environment: Mapping[str, str]) -> list[str]:
    """What the application's own settings refuse."""
    return _ask(virtualenv, environment, SETTINGS, "The application's settings cannot be read")


def server_faults(virtualenv: Virtualenv, environment: Mapping[str, str], given: Mapping[str, str]) -> list[str]:
    """What is wrong with the servers given by DATABASE_URL and REDIS_URL."""
    questions = {"DATABASE_URL": DATABASE, "REDIS_URL": QUEUE}
    asked = [(name, code) for name, code in questions.items() if given.get(name)]
    return [fault for name, code in asked for fault in _ask(virtualenv, environment, code, f"{name} cannot be tried")]


def _ask(virtualenv: Virtualenv, environment: Mapping[str, str], code: str, broken: str) -> list[str]:
    try:
        answer = subprocess.run(
            [str(virtualenv.python), "-c", code],
            cwd=REPOSITORY,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return [f"{broken}: {type(error).__name__}."]
    if answer.returncode == FOUND_FAULTS:
        return answer.stdout.splitlines()
    # A stack trace may show values: only the kind of error is repeated.
    return [f"{broken}: {_last_error(answer.stderr)}."] if answer.returncode else []


def _last_error(trace: str) -> str:
    lines = trace.strip().splitlines()
    return lines[-1].partition(":")[0] if lines else "no reason was given"
