"""PostgreSQL and Valkey from their wheels, as `make run`, the tests and the fault campaign start them."""

from launcher.embedded.postgres import PostgresServer
from launcher.embedded.server import EmbeddedServer
from launcher.embedded.valkey import ValkeyServer

__all__ = ["EmbeddedServer", "PostgresServer", "ValkeyServer"]
