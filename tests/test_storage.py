"""Files are kept whole, under names of ours, within their limit: in a folder and in an object store alike."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.fakes.object_store import ObjectStore
from tests.harness import application, commands
from webapp.errors import StorageAwayError, TooLargeError
from webapp.storage import BLOCK, Storage, open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with ObjectStore(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture(params=["folder", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return Storage.local(tmp_path / "a" / "b")
    running: ObjectStore = request.getfixturevalue("store")
    return _in_store(running, tmp_path)


def _in_store(running: ObjectStore, folder: Path) -> Storage:
    given = {"STORAGE_URL": running.url, "STORAGE_OPTIONS": running.options}
    return open_storage(application.settings("postgresql://-", "redis://-", folder, **given), folder.name)


def _read(storage: Storage, key: str) -> bytes:
    with storage.open(key) as file:
        return file.read()


@pytest.mark.parametrize("size", [0, 1, BLOCK + 1, 11 * BLOCK])
def test_a_file_is_kept_with_its_digest(storage: Storage, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    stored = storage.put(io.BytesIO(content), limit=20 * BLOCK)
    assert (stored.size, stored.digest) == (size, hashlib.sha256(content).hexdigest())
    assert _read(storage, stored.key) == content
    with storage.on_disk(stored.key) as path:
        assert path.read_bytes() == content
    assert storage.has(stored.key)
    other = storage.put(io.BytesIO(content), limit=20 * BLOCK)
    assert other.key != stored.key
    found = {file.key: file for file in storage.files()}
    assert set(found) == {stored.key, other.key}
    assert found[stored.key].size == size
    assert abs(datetime.now(UTC) - found[stored.key].changed_at) < timedelta(minutes=10)
    for _ in range(2):
        storage.delete(stored.key)
    assert not storage.has(stored.key)
    assert [file.key for file in storage.files()] == [other.key]
    with pytest.raises(FileNotFoundError):
        _read(storage, stored.key)
    with pytest.raises(FileNotFoundError), storage.on_disk(stored.key):
        pass


def test_nothing_is_kept_of_what_is_too_large_or_breaks_off(storage: Storage, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise OSError(28, "No space left on device")
            return super().read(size)

    with pytest.raises(TooLargeError):
        storage.put(io.BytesIO(b"x" * 11), limit=10)
    with pytest.raises(StorageAwayError):
        storage.put(Broken(b"x" * (BLOCK * 2)), limit=BLOCK * 3)
    assert list(storage.files()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_folder_is_ours_alone(tmp_path: Path) -> None:
    Storage.local(tmp_path / "files")
    assert (tmp_path / "files").stat().st_mode & 0o777 == 0o700


def test_a_store_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    with ObjectStore(tmp_path) as running:
        storage = _in_store(running, tmp_path / "x")
        key = storage.put(io.BytesIO(b"x"), limit=1).key
    with pytest.raises(StorageAwayError):
        storage.put(io.BytesIO(b"x"), limit=1)
    with pytest.raises(StorageAwayError):
        _read(storage, key)
    with pytest.raises(StorageAwayError):
        list(storage.files())
    with pytest.raises(StorageAwayError):
        storage.delete(key)


def test_a_local_storage_loads_no_client_of_an_object_store(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, io; from webapp.storage import Storage;"
        f"Storage.local(pathlib.Path({str(tmp_path)!r})).put(io.BytesIO(b'x'), limit=1);"
        "print([name for name in ('s3fs', 'aiobotocore', 'botocore', 'aiohttp') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=commands.ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
