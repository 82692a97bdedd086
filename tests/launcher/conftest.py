"""A clone of the launcher with stand-ins for the application's programs, and folders as private as a home."""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.launcher.clone import Clone

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _private_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sav-"))
    yield folder
    shutil.rmtree(folder)


@contextmanager
def _clone() -> Iterator[Clone]:
    with _private_folder() as folder:
        made = Clone(folder / "clone")
        made.lend_packages(Path(sys.prefix))
        made.install_stand_ins()
        yield made
        made.end_all()


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A short path of mode 700."""
    with _private_folder() as folder:
        yield folder


@pytest.fixture
def clone() -> Iterator[Clone]:
    """A clone whose packages are in place and whose application is a stand-in."""
    with _clone() as made:
        yield made


@pytest.fixture(scope="module")
def running() -> Iterator[Clone]:
    """One that runs, for the tests that leave it running."""
    with _clone() as made:
        made.start()
        yield made
