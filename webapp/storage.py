"""Files under random names, outside anything a web server shows."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from webapp.errors import TooLargeError

if TYPE_CHECKING:
    from pathlib import Path

BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies safely on disk; `digest` is SHA-256 in hexadecimal."""

    key: str
    digest: str
    size: int


class Storage:
    """A folder of files, each written whole before it has its name."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, stream: IO[bytes], *, limit: int) -> Stored:
        """Copy a stream without holding it in memory.

        Raises:
            TooLargeError: it is longer than `limit` bytes; nothing is kept.
        """
        key = secrets.token_hex(16)
        unfinished = self._root / f"{key}.part"
        try:
            with unfinished.open("xb") as file:
                digest, size = _copy(stream, file, limit)
            unfinished.rename(self.path(key))
        finally:
            unfinished.unlink(missing_ok=True)
        return Stored(key, digest, size)

    def path(self, key: str) -> Path:
        return self._root / key

    def delete(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)


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
