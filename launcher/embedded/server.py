"""What both embedded servers share: one owner, one port for its life, a password file, start, stop and kill."""

from __future__ import annotations

import os
import secrets
import signal
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from launcher.children import processes_in, signal_group, wait_until
from launcher.faults import Fault
from launcher.locks import FolderLock
from launcher.ports import free_port, taken
from launcher.terminal import last_lines

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path
    from typing import Self

START_SECONDS = 60.0
ORPHAN_SECONDS = 5.0


class EmbeddedServer(ABC):
    """A server in `folder`, on the loopback interface alone.

    `start` waits until it answers; `launch` and `ready` are its two halves for a caller that must not block.
    The port is chosen once and kept: in the object for its life, in the folder from one start to the next.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    patience: ClassVar[float] = 5.0

    def __init__(self, folder: Path, *, port: int | None = None, log: Path | None = None) -> None:
        self.folder = folder.resolve()
        self.log = log or self.folder / f"{self.name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._port = port
        self._lock = FolderLock(self.folder / "lock", f"The {self.name} folder {self.folder}")

    @property
    @abstractmethod
    def url(self) -> str:
        """The address with its password; known from `reserve` on."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether the launched server answers now."""

    @abstractmethod
    def _prepare(self) -> None:
        """Make what the first start needs."""

    @abstractmethod
    def _spawn(self) -> subprocess.Popen[bytes]: ...

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def port(self) -> int:
        if self._port is None:
            raise RuntimeError(f"{self.name} has no port before reserve()")
        return self._port

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None

    def reserve(self) -> None:
        """Take the folder and choose the port, so that `url` is known before anything runs.

        Raises:
            Fault: a living copy uses the folder.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock.acquire()
        if self._port is None:
            self._port = self._kept_port() or free_port()
            (self.folder / "port").write_text(str(self._port))

    def _kept_port(self) -> int | None:
        with suppress(OSError, ValueError):
            port = int((self.folder / "port").read_text())
            return port if taken(port) is None else None
        return None

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it to answer."""
        self.reserve()
        self._clear_orphans()
        if not wait_until(lambda: taken(self.port) is None, ORPHAN_SECONDS):
            raise Fault(f"Port {self.port} of the embedded {self.name} {taken(self.port) or 'was taken'}.")
        self._prepare()
        self.process = self._spawn()
        return self.process

    def start(self) -> None:
        """Start and wait until the server answers.

        Raises:
            Fault: it did not come up; the sentence ends with the last lines of its log.
        """
        try:
            self._launch_and_wait()
        except BaseException:
            self.kill()
            self._lock.release()
            raise

    def _launch_and_wait(self) -> None:
        process = self.launch()
        wait_until(lambda: process.poll() is not None or self.ready(), START_SECONDS)
        if not self.ready():
            raise Fault(f"The embedded {self.name} did not start. The end of {self.log}:\n{self.log_end()}")

    def log_end(self) -> str:
        return last_lines(self.log.read_text(errors="replace")) if self.log.exists() else ""

    def stop(self) -> None:
        """End it cleanly, by force after `patience` seconds, and give the folder back."""
        if self.pid:
            os.kill(self.pid, self.stop_signal)
            wait_until(lambda: self.pid is None, self.patience)
        self.kill()
        self._lock.release()

    def kill(self) -> None:
        """SIGKILL, as a crash would be; the folder stays ours and `start` brings it back on the same port."""
        if self.process:
            signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._clear_orphans(patience=1.0)

    def restart(self) -> None:
        """Stop and start again, keeping port and folder."""
        self.stop()
        self.start()

    def _clear_orphans(self, patience: float = ORPHAN_SECONDS) -> None:
        """The folder is ours, so what still stands in the data outlived its owner: wait for it, then end it."""
        data = self.data.resolve()
        if self._lock.held and not wait_until(lambda: not processes_in(data), patience):
            for pid in processes_in(data):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            wait_until(lambda: not processes_in(data), ORPHAN_SECONDS)

    def _secret(self, name: str) -> str:
        """The password kept in the file `name` of the folder, made at the first call."""
        path = self.folder / name
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def write_private(path: Path, text: str) -> None:
    """Write a file only its owner can read, whole or not at all."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)


def plain_environment() -> dict[str, str]:
    """What a server needs to know: none of the application's secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
