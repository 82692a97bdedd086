"""pytest-celery's cluster fixtures over real processes: a Valkey and a worker of our application, no Docker.

`celery_setup` and all it stands on run unmodified. The application keeps no results, so there is no backend cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_celery import (  # type: ignore[import-untyped]  # it ships no types
    CeleryBrokerCluster,
    CeleryTestBroker,
    CeleryTestWorker,
    CeleryWorkerCluster,
)

from tests.harness import commands
from tests.harness.containers import ProcessContainer, ValkeyPart, WorkerPart
from webapp.domain import Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.servers import Servers
    from tests.harness.stack import Stack

NODE = "node"


@pytest.fixture
def celery_broker_cluster(own_servers: Servers) -> Iterator[CeleryBrokerCluster]:
    """One Valkey, that a test may kill and restart."""
    assert own_servers.valkey is not None
    addresses = {"url": own_servers.redis_url, "host_url": own_servers.redis_url}
    container = ProcessContainer(ValkeyPart(own_servers.valkey), "valkey", addresses)
    cluster = CeleryBrokerCluster(CeleryTestBroker(container))
    cluster.ready()
    yield cluster
    cluster.teardown()


@pytest.fixture
def celery_backend_cluster() -> None:
    """Outcomes are rows in PostgreSQL."""


@pytest.fixture
def celery_worker_cluster(celery_stack: Stack) -> Iterator[CeleryWorkerCluster]:
    """One worker of the queue `replies`, on the broker of the cluster and the database of `celery_stack`."""
    name = f"{Queue.REPLIES}-1"
    argv = commands.worker_argv(Queue.REPLIES, f"{name}@{NODE}")
    part = WorkerPart(name, argv, celery_stack.environ, commands.ROOT, celery_stack.folder)
    container = ProcessContainer(part, name, {"queue": Queue.REPLIES}, NODE)
    cluster = CeleryWorkerCluster(CeleryTestWorker(container, None))
    cluster.ready()
    yield cluster
    for worker in cluster:
        worker.teardown()


@pytest.fixture
def celery_stack(own_stack: Stack, celery_broker_cluster: CeleryBrokerCluster) -> Stack:
    """The rest of the application around the clusters; a test starts what it needs: start(workers={})."""
    own_stack.environ["REDIS_URL"] = celery_broker_cluster.config()["host_urls"][0]
    return own_stack
