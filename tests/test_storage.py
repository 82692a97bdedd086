"""Files are kept whole, under names of ours, and within their limit."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pytest

from webapp.errors import TooLargeError
from webapp.storage import BLOCK, Storage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", [0, 1, BLOCK, BLOCK + 1])
def test_a_file_is_kept_with_its_digest(tmp_path: Path, size: int) -> None:
    content = b"x" * size
    storage = Storage(tmp_path / "a" / "b")
    stored = storage.put(io.BytesIO(content), limit=BLOCK + 1)
    assert (stored.size, stored.digest) == (size, hashlib.sha256(content).hexdigest())
    assert storage.path(stored.key).read_bytes() == content
    assert storage.put(io.BytesIO(content), limit=BLOCK + 1).key != stored.key
    storage.delete(stored.key)
    storage.delete(stored.key)
    assert not storage.path(stored.key).exists()


def test_nothing_is_kept_of_what_is_too_large_or_breaks_off(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise ConnectionResetError
            return super().read(size)

    storage = Storage(tmp_path / "files")
    with pytest.raises(TooLargeError):
        storage.put(io.BytesIO(b"x" * 11), limit=10)
    with pytest.raises(ConnectionResetError):
        storage.put(Broken(b"x" * (BLOCK * 2)), limit=BLOCK * 3)
    assert list((tmp_path / "files").iterdir()) == []


def test_the_folder_is_ours_alone(tmp_path: Path) -> None:
    Storage(tmp_path / "files")
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700
