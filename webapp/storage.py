"""Files under random names, outside anything a web server shows: in a local folder, or wherever fsspec reaches."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from webapp.errors import BusinessError, StorageAwayError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from webapp.settings import Settings

log = logging.getLogger(__name__)

BLOCK = 1 << 20
PART = 5 << 20  # the smallest part S3 takes; a file under two of them goes in one piece
# A sick object store is noticed in seconds: a request waits for it. Listings are asked anew, others write there too.
PATIENCE = {
    "config_kwargs": {"connect_timeout": 3, "read_timeout": 20, "retries": {"max_attempts": 2}},
    "use_listings_cache": False,
    "max_concurrency": 1,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies safely in storage; `digest` is SHA-256 in hexadecimal."""

    key: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a listing shows it."""

    key: str
    size: int
    changed_at: datetime


class Storage:
    """A place for files, each there whole or not at all.

    Whatever fails in a backend (full, away, forbidden) is StorageAwayError; what is not there is FileNotFoundError.
    """

    def __init__(self, filesystem: Any, root: str, scratch: Path) -> None:  # noqa: ANN401  fsspec ships no types
        self._files = filesystem
        self._root = root.rstrip("/")
        self._scratch = scratch  # a folder of this machine; of a local storage, its own
        self._local = isinstance(filesystem, LocalFileSystem)
        scratch.mkdir(mode=0o700, parents=True, exist_ok=True)

    @classmethod
    def local(cls, root: Path) -> Storage:
        return cls(LocalFileSystem(), str(root.absolute()), root.absolute())

    def put(self, stream: IO[bytes], *, limit: int) -> Stored:
        """Copy a stream without holding it in memory.

        Raises:
            TooLargeError: it is longer than `limit` bytes; nothing is kept.
        """
        key = secrets.token_hex(16)
        unfinished = self._scratch / f"{key}.part"
        try:
            with _backend("put"):
                with unfinished.open("xb") as file:
                    digest, size = _copy(stream, file, limit)
                self._keep(unfinished, key)
        finally:
            unfinished.unlink(missing_ok=True)
        return Stored(key, digest, size)

    def _keep(self, unfinished: Path, key: str) -> None:
        """Give a whole file its name: by renaming it, or by an upload that counts only when it is complete."""
        if self._local:
            unfinished.rename(self._path(key))
        else:
            self._files.put_file(str(unfinished), self._path(key), chunksize=PART)

    def open(self, key: str) -> IO[bytes]:
        with _backend("open"):
            return cast("IO[bytes]", self._files.open(self._path(key), "rb", block_size=BLOCK))

    @contextmanager
    def on_disk(self, key: str) -> Iterator[Path]:
        """Give a file a path of this machine for a while: its own, or a copy's."""
        if self._local:
            path = Path(self._path(key))
            if not path.exists():
                raise FileNotFoundError(key)
            yield path
            return
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            copy = Path(folder) / "file"
            with _backend("get"):
                self._files.get_file(self._path(key), str(copy))
            yield copy

    def has(self, key: str) -> bool:
        with _backend("look"):
            return bool(self._files.exists(self._path(key)))

    def delete(self, key: str) -> None:
        """Remove a file; one that is not there is removed."""
        try:
            with _backend("delete"):
                self._files.rm_file(self._path(key))
        except FileNotFoundError:
            return

    def discard(self, *keys: str) -> None:
        """Remove files that nobody needs, as far as it can be done now; what stays is left to maintenance."""
        with suppress(StorageAwayError):
            for key in keys:
                self.delete(key)

    def files(self) -> Iterator[Listed]:
        """List all files, those whose writing broke off among them."""
        with _backend("list"):
            found = self._files.find(self._root, detail=True)
        for path, about in found.items():
            yield Listed(str(path).rpartition("/")[2], int(about["size"]), _changed_at(about))

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


def open_storage(settings: Settings, folder: str) -> Storage:
    """Open the part of our storage called `folder`; a process opens it once, and after any fork."""
    files = settings.data_dir.absolute() / "files"
    if not settings.storage_url:
        return Storage.local(files / folder)
    options = dict(settings.storage_options)
    if settings.storage_url.startswith(("s3://", "s3a://")):
        options = PATIENCE | options
    filesystem, root = fsspec.core.url_to_fs(settings.storage_url, skip_instance_cache=True, **options)
    return Storage(filesystem, f"{root.rstrip('/')}/{folder}", files / "incoming")


@contextmanager
def _backend(act: str) -> Iterator[None]:
    """Let every library's own way to fail mean one thing: the storage cannot do it now."""
    try:
        yield
    except (BusinessError, FileNotFoundError):
        raise
    except Exception as error:
        log.error("storage cannot %s: %s", act, type(error).__name__)  # noqa: TRY400  an error may quote the secret key
        raise StorageAwayError from error


def _changed_at(about: dict[str, Any]) -> datetime:
    told = about.get("LastModified") or about.get("mtime") or about.get("created")
    return told if isinstance(told, datetime) else datetime.fromtimestamp(float(told or 0), UTC)


def _copy(stream: IO[bytes], file: IO[bytes], limit: int) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while block := stream.read(BLOCK):
        size += len(block)
        if size > limit:
            raise TooLargeError
        digest.update(block)
        file.write(block)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest(), size
