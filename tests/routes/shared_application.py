"""One application and one database for all tests of a module: each test brings customers of its own.

A conftest imports these over the fixtures of a single test. Limits by address are off: the customers share one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness import application

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from tests.harness.servers import Servers
    from webapp.settings import Settings

NAME = "shared"


@pytest.fixture(scope="module")
def database_url(servers: Servers, template: str) -> Iterator[str]:
    yield servers.create_database(NAME, template)
    servers.drop_database(NAME)


@pytest.fixture(scope="module")
def settings(database_url: str, servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp(NAME)
    return application.settings(database_url, servers.redis_url, folder, RATELIMIT_ENABLED="false")


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    with application.created(settings) as made:
        yield made
