"""What pytest-celery takes for a container, over a process of ours: its nodes and clusters then run unmodified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from tests.harness.processes import Process
from tests.harness.waiting import wait_until

if TYPE_CHECKING:
    from launcher.embedded import ValkeyServer

Config = dict[str, str]
ID_LENGTH = 12  # pytest-celery cuts a container's id there to make its host name
WORKER_READY = " ready."  # Celery's own line


class Part(Protocol):
    """What a container is made of; `ready` blocks until it is, or raises."""

    @property
    def alive(self) -> bool: ...
    def start(self) -> None: ...
    def ready(self) -> None: ...
    def output(self) -> str: ...
    def stop(self) -> object: ...
    def kill(self) -> None: ...


class WorkerPart(Process):
    """A Celery worker."""

    def ready(self) -> None:
        self.wait_log(WORKER_READY)


class ValkeyPart:
    """A broker of its own, that a test may stop and kill."""

    def __init__(self, server: ValkeyServer) -> None:
        self._server = server

    @property
    def alive(self) -> bool:
        return self._server.pid is not None

    def start(self) -> None:
        self._server.start()

    def ready(self) -> None:
        wait_until(self._server.ready, "valkey to answer", evidence=self.output)

    def output(self) -> str:
        return self._server.log.read_text(errors="replace")

    def stop(self) -> None:
        self._server.stop()

    def kill(self) -> None:
        self._server.kill()


class ProcessContainer:
    """Duck-typed after pytest_celery.CeleryTestContainer. `id` is the part of a worker's node name after the @."""

    def __init__(self, part: Part, name: str, celeryconfig: Config, node: str = "node") -> None:
        if len(node) > ID_LENGTH:
            raise ValueError(f"{node!r} is longer than {ID_LENGTH}")
        self.part = part
        self.name = name
        self.id = node
        self.celeryconfig = celeryconfig

    @property
    def status(self) -> str:
        """Docker's words for it, always current: `reload` has nothing to do."""
        return "running" if self.part.alive else "exited"

    def reload(self) -> None:
        """Nothing is cached."""

    def ready(self) -> bool:
        """Start it if it is not running, and wait until it does its work."""
        if not self.part.alive:
            self.part.start()
        self.part.ready()
        return True

    def logs(self) -> str:
        """What it wrote; a worker, since its last start."""
        return self.part.output()

    def kill(self, signal: str | int = "SIGKILL") -> None:
        """SIGKILL at once; any other signal asks it to end, and waits for that."""
        if str(signal) in ("SIGKILL", "9"):
            self.part.kill()
        else:
            self.part.stop()

    def restart(self, **_timeout: int) -> None:
        """Stop it if it runs, start it, wait until it works; each step has its own patience."""
        self.part.stop()
        self.ready()

    def teardown(self) -> None:
        self.part.kill()

    def worker_name(self) -> str:
        return self.name

    def worker_queue(self) -> str:
        return self.celeryconfig["queue"]
