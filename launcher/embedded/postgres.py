"""PostgreSQL 16: the truth. Made whole beside its place, then renamed: a broken first start leaves nothing."""

from __future__ import annotations

import locale
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from launcher.children import between_fork_and_exec, processes_in, spawn
from launcher.embedded import placement
from launcher.embedded.server import EmbeddedServer, plain_environment
from launcher.faults import Fault
from launcher.ports import LOOPBACK
from launcher.terminal import last_lines

ROLE = DATABASE = "sav"
SUPERUSER = "postgres"
ACCESS = "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
READY_LINE = 7  # of postmaster.pid, as pg_ctl reads it

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "max_connections": "200",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # A failing statement carries people's words, its detail their addresses: neither belongs in a log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "unix_socket_permissions": "0700",
}
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer(EmbeddedServer):
    """`url` is the role `sav`, owner of the database `sav`, which may create databases and is no superuser."""

    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: end the sessions, write everything, leave

    def __init__(self, folder: Path, *, port: int | None = None, log: Path | None = None, durable: bool = True) -> None:
        """`durable=False` trades safety from power cuts, not from crashes of its own, for speed: tests only."""
        super().__init__(folder, port=port, log=log)
        self._settings = SETTINGS if durable else SETTINGS | NOT_DURABLE
        self._initdb_options = [] if durable else ["--no-sync"]
        self._place: placement.Placement | None = None

    @property
    def url(self) -> str:
        return f"postgresql://{ROLE}:{self._secret('password')}@{LOOPBACK}:{self.port}/{DATABASE}"

    @property
    def socket_folder(self) -> Path:
        """Where the unix socket lies while it runs: in `folder`, or under /tmp where that path is too long."""
        if self._place is None:
            raise RuntimeError("it has not been launched")
        return self._place.sockets

    def _prepare(self) -> None:
        self._place = placement.choose(self.folder)
        if not self.data.exists():
            self._create_cluster(self._place)
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != placement.VERSION:
            raise Fault(f"The data in {self.data} are PostgreSQL {version}'s; this is PostgreSQL {placement.VERSION}.")
        if not processes_in(self.data.resolve()):
            self._remove_stale_locks(self._place)

    def _remove_stale_locks(self, place: placement.Placement) -> None:
        """Left by a crash. PostgreSQL believes them when their process number has become another program's since."""
        for stale in (self.data / "postmaster.pid", *place.sockets.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def _create_cluster(self, place: placement.Placement) -> None:
        fresh = place.data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        locked = ["--auth=reject", "--encoding=UTF8", f"--locale={_locale()}", *self._initdb_options]
        self._run(place, ["initdb", "-D", str(fresh), "-U", SUPERUSER, *locked])
        # Single-user mode: no port is open yet, and passwords pass through a pipe.
        self._run(place, ["postgres", "--single", "-D", str(fresh), SUPERUSER], self._first_statements())
        (fresh / "pg_hba.conf").write_text(ACCESS)
        fresh.rename(place.data)
        if place.data != self.data:
            self.data.unlink(missing_ok=True)
            self.data.symlink_to(place.data)

    def _first_statements(self) -> str:
        return (
            f"ALTER ROLE {SUPERUSER} PASSWORD '{self._secret('superuser-password')}'\n"
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self._secret('password')}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {ROLE}\n"
        )

    def _run(self, place: placement.Placement, argv: list[str], given: str = "") -> None:
        outcome = subprocess.run(
            [str(place.binaries / argv[0]), *argv[1:]],
            input=given.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=plain_environment(),
            cwd="/",
            check=False,
            **between_fork_and_exec(place.identity),
        )
        if outcome.returncode:
            said = last_lines(outcome.stdout.decode(errors="replace"))
            raise Fault(f"PostgreSQL could not be set up in {self.folder} ({argv[0]}):\n{said}")

    def _spawn(self) -> subprocess.Popen[bytes]:
        if self._place is None:
            raise RuntimeError("launch() prepares first")
        settings = {"port": self.port, "unix_socket_directories": self._place.sockets, **self._settings}
        options = (f"--{name}={value}" for name, value in settings.items())
        return spawn(
            # The whole path: the program finds its own files by it.
            [str(self._place.binaries / "postgres"), "-D", str(self.data.resolve()), *options],
            env=plain_environment(),
            cwd=Path("/"),
            log=self.log,
            death_signal=self.stop_signal,
            identity=self._place.identity,
        )

    def ready(self) -> bool:
        """As pg_ctl looks: the state of the postmaster in its own file, no connection needed."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > READY_LINE and lines[0] == str(self.pid) and lines[READY_LINE].strip() == "ready"

    def stop(self) -> None:
        super().stop()
        if self._place and self._place.sockets not in {self.folder, self._place.data.parent}:
            with suppress(OSError):
                self._place.sockets.rmdir()


def _locale() -> str:
    """C.UTF-8 knows accented capitals; C is everywhere."""
    kept = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    locale.setlocale(locale.LC_CTYPE, kept)
    return "C.UTF-8"
