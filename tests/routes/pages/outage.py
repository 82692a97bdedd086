"""A database that takes no connection, as while it restarts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.harness.servers import query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.servers import Servers


@contextlib.contextmanager
def away(servers: Servers, database_url: str) -> Iterator[None]:
    name = urlsplit(database_url).path.lstrip("/")
    query(servers.database_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    query(servers.database_url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    try:
        yield
    finally:
        query(servers.database_url, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
