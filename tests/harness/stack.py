"""The whole application as real processes on given servers: web, dispatchers, workers by queue."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx

from launcher.ports import LOOPBACK, free_port
from tests.harness import commands
from tests.harness.api import ApiClient
from tests.harness.people import create_person
from tests.harness.processes import Process, ProcessEndedError
from tests.harness.waiting import PATIENCE, wait_until
from webapp.domain import Queue, Role
from webapp.settings import load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

    from tests.harness.api import Json
    from webapp.settings import Settings

WORKER_READY = " ready."  # Celery's own line


class Stack:
    """Not started yet. `environ` is what every process will see: change it before `start`.

    Processes are named web, dispatcher-1, replies-1, replies-2, images-1, ...; each logs to `folder`.
    """

    def __init__(self, database_url: str, redis_url: str, folder: Path, **environ: str) -> None:
        (folder / "metrics").mkdir(parents=True, exist_ok=True)
        self.folder = folder
        port = free_port()
        self.url = f"http://{LOOPBACK}:{port}"
        self.environ = commands.environment(database_url, redis_url, port, folder) | environ
        self.processes: dict[str, Process] = {}
        self._clients: list[ApiClient] = []

    @property
    def settings(self) -> Settings:
        """The settings as the processes read them."""
        return load(self.environ)

    def start(self, *, web: bool = True, dispatcher: int = 1, workers: Mapping[str, int] | None = None) -> Self:
        """Start these processes together and wait until each is ready; `workers` is {queue: processes}.

        Called again, it adds more. Without `workers`, one for replies.

        Raises:
            ProcessEndedError, TimeoutError: one did not come up; with the end of its log.
        """
        wanted = {commands.DISPATCHER: dispatcher} | dict({Queue.REPLIES: 1} if workers is None else workers)
        names = [commands.WEB] if web else []
        names += [name for kind, count in wanted.items() for name in self._new_names(kind, count)]
        for name in names:
            self.add(name).start()
        for name in names:
            self.wait_ready(name)
        return self

    def _new_names(self, kind: str, count: int) -> list[str]:
        there = sum(name.rpartition("-")[0] == kind for name in self.processes)
        return [f"{kind}-{there + index + 1}" for index in range(count)]

    def add(self, name: str) -> Process:
        """The process of that name, made when it is new; not started."""
        if name not in self.processes:
            self.processes[name] = Process(name, commands.argv(name), self.environ, commands.ROOT, self.folder)
        return self.processes[name]

    def process(self, name: str) -> Process:
        return self.processes[name]

    def wait_ready(self, name: str, seconds: float = PATIENCE) -> None:
        """Block until it does its work: the web answers, the web sees the dispatcher, a worker consumes."""
        process = self.processes[name]
        if name == commands.WEB:
            wait_until(lambda: self._checked(process, "migrations"), name, seconds, evidence=process.tail)
        elif not name.startswith(commands.DISPATCHER):
            process.wait_log(WORKER_READY, seconds)
        elif commands.WEB in self.processes:
            wait_until(lambda: self._checked(process, "dispatcher"), name, seconds, evidence=process.tail)

    def checks(self) -> dict[str, str]:
        """What /readyz says; nothing while nobody answers."""
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=10, trust_env=False)
        except httpx.TransportError:
            return {}
        found: dict[str, str] = answer.json()["checks"]
        return found

    def _checked(self, process: Process, check: str) -> bool:
        if not process.alive:
            raise ProcessEndedError(f"{process.name} ended before it was ready\n{process.tail()}")
        return self.checks().get(check) == "ok"

    def kill(self, name: str) -> None:
        """SIGKILL its whole process group."""
        self.processes[name].kill()

    def stop(self, name: str) -> int:
        """SIGTERM and wait for its drain; the exit code."""
        return self.processes[name].stop()

    def restart(self, name: str) -> None:
        """Start it again, after a stop if it lives, and wait until it is ready."""
        self.processes[name].stop()
        self.processes[name].start()
        self.wait_ready(name)

    def run(self, *argv: str, seconds: float = PATIENCE, status: int = 0) -> str:
        """Run a program of the environment (`flask --app wsgi prepare`) to its end; what it printed.

        Raises:
            ProcessEndedError: it did not end with `status`.
        """
        environ = {name: value for name, value in self.environ.items() if name != commands.METRICS_FOLDER}
        name = f"run-{secrets.token_hex(3)}"
        process = Process(name, commands.program(*argv), environ, commands.ROOT, self.folder)
        process.start()
        if process.wait(seconds) != status:
            raise ProcessEndedError(f"{' '.join(argv)} failed\n{process.tail()}")
        return process.output()

    def anonymous(self) -> ApiClient:
        """A client that is not signed in."""
        self._clients.append(ApiClient.over_http(self.url))
        return self._clients[-1]

    def client(self) -> ApiClient:
        """A new customer, signed in."""
        client = self.anonymous()
        client.register()
        return client

    def staff(self, role: Role = Role.STAFF) -> ApiClient:
        """A new person of the firm, signed in; with Role.ADMIN an administrator."""
        person = create_person(self.settings.database_url, role)
        client = self.anonymous()
        client.login(person.email, person.password)
        return client

    def wait_job(self, client: ApiClient, job_id: str, seconds: float = PATIENCE) -> Json:
        """Poll as the job asks until it has ended; if it does not, the ends of all logs go with the error."""
        try:
            return client.wait_job(job_id, seconds)
        except Exception as error:
            error.add_note(self.tails())
            raise

    def metrics(self) -> str:
        """The page at METRICS_PORT, which the dispatcher serves."""
        answer = httpx.get(f"http://{LOOPBACK}:{self.settings.metrics_port}/metrics", timeout=10, trust_env=False)
        return answer.raise_for_status().text

    def tails(self) -> str:
        return "\n".join(process.tail() for process in self.processes.values())

    def stop_all(self) -> None:
        """Kill every process and close every client; a drain is a test of its own."""
        for client in self._clients:
            client.close()
        for process in self.processes.values():
            process.kill()
