"""Fixtures of the whole suite. tests/harness/README.md lists them with what each gives."""

from __future__ import annotations

import math
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.orm import Session

from tests.fakes.model_server import ModelServer
from tests.harness import application
from tests.harness.api import ApiClient
from tests.harness.outside import OutsideGuard
from tests.harness.people import create_person
from tests.harness.scheduling import Together
from tests.harness.servers import Servers
from tests.harness.stack import Stack
from webapp.domain import Role
from webapp.services import stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from xdist.remote import Producer

    from webapp.settings import Settings

TEMPLATE = "template"
OF_A_TEST = "test"
OF_SERVICES = "services"

_outside = OutsideGuard()


def pytest_configure() -> None:
    _outside.install()


def pytest_unconfigure() -> None:
    _outside.remove()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    return Together(config, log)


@pytest.fixture(autouse=True)
def _outside_is_left_alone() -> Iterator[None]:
    """Fail the test that reached for another machine, even when its code swallowed the refusal."""
    _outside.attempts.clear()
    yield
    assert not _outside.attempts, f"the test reached for {_outside.attempts}"


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Short on purpose: a socket's path has 107 bytes at most, pytest's own folders are long."""
    folder = Path(tempfile.mkdtemp(prefix="sav-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def servers(server_folder: Path) -> Iterator[Servers]:
    """PostgreSQL and Valkey of this pytest-xdist worker. Shared by its tests: never stop or kill these."""
    name = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with Servers(server_folder, name, durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def template(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Name of the migrated database that others are copies of."""
    url = servers.create_database(TEMPLATE)
    application.migrate(application.settings(url, servers.redis_url, tmp_path_factory.mktemp("migration")))
    return TEMPLATE


@pytest.fixture
def database_url(servers: Servers, template: str) -> Iterator[str]:
    """A migrated empty database of this test alone."""
    yield servers.create_database(OF_A_TEST, template)
    servers.drop_database(OF_A_TEST)


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """The Redis database of this pytest-xdist worker, emptied."""
    servers.flush_redis()
    return servers.redis_url


@pytest.fixture(scope="session")
def services_url(servers: Servers, template: str) -> str:
    """The database of `session`; every test leaves it empty."""
    return servers.create_database(OF_SERVICES, template)


@pytest.fixture
def session(services_url: str) -> Iterator[Session]:
    """For tests of services: flush, commit and roll back at will, nothing outlives the test."""
    engine = application.engine(services_url)
    with engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as one:
            yield one
        transaction.rollback()
    engine.dispose()


@pytest.fixture
def settings(database_url: str, servers: Servers, tmp_path: Path) -> Settings:
    """Settings of a testing application: no model, a database and a DATA_DIR of this test alone."""
    return application.settings(database_url, servers.redis_url, tmp_path)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """The web application in this process, on `settings`."""
    with application.created(settings) as made:
        yield made


@pytest.fixture
def new_client(app: Flask) -> Iterator[Callable[[], ApiClient]]:
    """Makes clients of `app`, each with its own cookies, nobody signed in."""
    made: list[ApiClient] = []

    def make() -> ApiClient:
        made.append(ApiClient.over_wsgi(app))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def anonymous(new_client: Callable[[], ApiClient]) -> ApiClient:
    return new_client()


@pytest.fixture
def client(new_client: Callable[[], ApiClient]) -> ApiClient:
    """A customer, signed in."""
    one = new_client()
    one.register()
    return one


@pytest.fixture
def staff(new_client: Callable[[], ApiClient], settings: Settings) -> ApiClient:
    """A person of the firm, signed in."""
    return _signed_in(new_client(), settings, Role.STAFF)


@pytest.fixture
def admin(new_client: Callable[[], ApiClient], settings: Settings) -> ApiClient:
    return _signed_in(new_client(), settings, Role.ADMIN)


def _signed_in(client: ApiClient, settings: Settings, role: Role) -> ApiClient:
    person = create_person(settings.database_url, role)
    client.login(person.email, person.password)
    return client


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    """A fake model; it answers by quoting the first passage until told otherwise."""
    with ModelServer() as running:
        yield running


@pytest.fixture
def new_stack(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Makes stacks on given addresses (through a proxy, say): new_stack(database_url, redis_url, **environ)."""
    made: list[Stack] = []

    def make(database_url: str, redis_url: str, **environ: str) -> Stack:
        made.append(Stack(database_url, redis_url, tmp_path / f"stack-{len(made)}", **environ))
        return made[-1]

    yield make
    for stack in made:
        stack.stop_all()
        sys.stdout.write(stack.tails())  # pytest shows it when the test failed, and only then


@pytest.fixture
def stack(new_stack: Callable[..., Stack], database_url: str, redis_url: str, model_server: ModelServer) -> Stack:
    """A stack on a fresh database and an emptied Redis, its model is `model_server`; the test starts it."""
    return new_stack(database_url, redis_url, OPENAI_API_KEY="sk-of-a-test", OPENAI_BASE_URL=model_server.base_url)


@pytest.fixture
def own_servers(server_folder: Path) -> Iterator[Servers]:
    """A durable PostgreSQL and a Valkey of this test alone, to stop, kill and restart; nothing migrated."""
    folder = Path(tempfile.mkdtemp(dir=server_folder))
    with Servers(folder, "own", durable=True, environ={}) as running:
        yield running


@pytest.fixture
def own_stack(
    new_stack: Callable[..., Stack], own_servers: Servers, model_server: ModelServer, tmp_path: Path
) -> Stack:
    """As `stack`, on `own_servers`, whose PostgreSQL and Valkey the test may kill."""
    url = own_servers.create_database(OF_A_TEST)
    application.migrate(application.settings(url, own_servers.redis_url, tmp_path))
    return new_stack(url, own_servers.redis_url, OPENAI_API_KEY="sk-of-a-test", OPENAI_BASE_URL=model_server.base_url)


@pytest.fixture
def fresh_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is, figures of a period are read for each who asks."""
    monkeypatch.setattr(stats, "SLOW_S", math.inf)
