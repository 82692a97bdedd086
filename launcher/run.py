"""`make run`: everything in order, one line a stage, then quiet."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from launcher import application, configuration, environment, guardian, logs, preflight, programs, readiness
from launcher.children import adopt_orphans, reap_adopted, spawn, started_at
from launcher.credentials import secrets_for
from launcher.embedded import EmbeddedServer, PostgresServer, ValkeyServer
from launcher.faults import Fault
from launcher.locks import FolderLock
from launcher.signals import StopRequested, StopSignals
from launcher.supervisor import Part, Supervisor
from launcher.terminal import say
from launcher.virtualenv import RUNTIME, Virtualenv

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from launcher.configuration import Configuration
    from launcher.programs import Program

SERVER_STOP_SECONDS = 1.5
POLL_SECONDS = 0.3


def run(environ: Mapping[str, str]) -> int:
    """Run the application until somebody stops it; 0 then.

    Raises:
        Fault: it cannot run.
    """
    stop_signals = StopSignals()
    stop_signals.install()
    adopt_orphans()
    found = configuration.read(environ)
    try:
        found.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _own(found, stop_signals)
    except StopRequested:
        return 0
    except OSError as error:
        raise Fault(f"DATA_DIR {found.data_dir} cannot be written to ({error.strerror}).") from None
    try:
        Run(found, stop_signals, lock).play()
    finally:
        lock.release()
    return 0


def _own(found: Configuration, stop_signals: StopSignals) -> FolderLock:
    """Take the data folder, after the guardian of a copy that died has finished."""
    lock = FolderLock(found.run_dir / "lock", f"DATA_DIR {found.data_dir}")
    while not lock.try_acquire():
        holder = lock.holder()
        if holder and started_at(holder):
            lock.acquire()
        stop_signals.pause(POLL_SECONDS)
    return lock


class Run:
    """One run from the first check to the last child's end."""

    def __init__(self, found: Configuration, stop_signals: StopSignals, lock: FolderLock) -> None:
        self.found = found
        self.stop_signals = stop_signals
        self.virtualenv = Virtualenv(found.log_dir / "pip.log", pause=stop_signals.pause)
        self.guardian = guardian.Guardian(found.run_dir, found.drain_seconds, lock.descriptor)
        self.supervisor = Supervisor(found.run_dir, found.log_dir, stop_signals, self._tend)
        self.servers: dict[str, EmbeddedServer] = {}

    def play(self) -> None:
        guardian.finish(self.found.run_dir, drain_seconds=1.0)  # what a copy without guardian may have left
        try:
            self._start()
            self.supervisor.watch()
        except StopRequested:
            say("stopping")
        finally:
            self._stop()
        say("stopped; nothing is left running")

    def _tend(self) -> None:
        self.guardian.watch()
        reap_adopted(self.supervisor.pids | self.guardian.pids)

    def _start(self) -> None:
        logs.start_afresh(self.found.log_dir)
        if faults := self.found.port_faults():
            raise Fault("\n".join(faults))
        with self._stage("packages"):
            self.virtualenv.ensure(RUNTIME)
        with self._stage("settings"):
            env = self._settle()
        self.guardian.watch()
        if self.servers:
            with self._stage(" and ".join(self.servers)):
                self.supervisor.add(*(_server_part(server) for server in self.servers.values()))
                self.supervisor.watch(until=self.supervisor.all_up)
        for program in programs.one_shots(self.virtualenv.bin, env):
            with self._stage(program.name):
                self.supervisor.run_to_end(self._part(program))
        with self._stage("processes"):
            self._start_services(env)
        self._greet(env)

    def _settle(self) -> dict[str, str]:
        """Addresses and secrets for the children, checked before anything runs."""
        made = secrets_for(self.found)
        for name, server in self._embedded().items():
            server.reserve()
            made[name] = server.url
            self.servers[server.name] = server
        env = environment.for_application(self.found, made)
        faults = preflight.settings_faults(self.virtualenv, env)
        faults = faults or preflight.server_faults(self.virtualenv, env, self.found.values)
        if faults:
            raise Fault("\n".join(faults))
        return env

    def _embedded(self) -> dict[str, EmbeddedServer]:
        """The servers nobody gave; in production nothing is made up."""
        folder, log_dir = self.found.data_dir, self.found.log_dir
        servers: dict[str, EmbeddedServer] = {
            "DATABASE_URL": PostgresServer(folder / "postgres", log=log_dir / "postgres.log"),
            "REDIS_URL": ValkeyServer(folder / "valkey", log=log_dir / "valkey.log"),
        }
        given = self.found.values
        return {} if self.found.production else {name: made for name, made in servers.items() if not given.get(name)}

    def _start_services(self, env: Mapping[str, str]) -> None:
        environment.empty_metrics(self.found)
        staying = programs.services(self.virtualenv.bin, environment.with_metrics(env, self.found), self.found)
        self.supervisor.add(*(self._part(program) for program in staying))
        application.record(self.found.run_dir, environment.of_the_application(env, self.found))
        patience = readiness.Patience()
        self.supervisor.watch(until=lambda: patience.ready(self.found.local_host, self.found.port))
        self.supervisor.accept_all()

    def _part(self, program: Program) -> Part:
        log = self.found.log_dir / f"{program.name}.log"
        return Part(
            name=program.name,
            launch=lambda: spawn(
                program.argv,
                env=program.env,
                cwd=configuration.REPOSITORY,
                log=log,
                death_signal=program.death_signal,
            ),
            log=log,
            ready=program.ready,
        )

    def _greet(self, env: Mapping[str, str]) -> None:
        accounts = self.found.data_dir / "demo-accounts.json"
        if accounts.exists() and not self.found.production:
            say(f"demo accounts: {accounts}")
        say(f"logs: {self.found.log_dir}   metrics: {self.found.metrics_url}")
        if not env.get("FLOWER_BASIC_AUTH"):
            say("flower is left out: FLOWER_BASIC_AUTH is not set")
        say(f"ready: http://localhost:{self.found.port}")

    def _stop(self) -> None:
        application.forget(self.found.run_dir)
        names = {one.part.name for one in self.supervisor.watched}
        self.supervisor.end(names - set(self.servers), self.found.drain_seconds)
        self.supervisor.end(names, SERVER_STOP_SECONDS)
        for server in self.servers.values():
            server.stop()
        (self.found.run_dir / "processes.json").unlink(missing_ok=True)
        self.guardian.dismiss()

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        say(f"{name:<20} {time.monotonic() - began:5.1f} s")


def _server_part(server: EmbeddedServer) -> Part:
    return Part(server.name, server.launch, server.log, server.ready, server.stop_signal, server.data)
