"""A clone of the launcher with stand-ins for the application's programs, and folders as private as a home."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.launcher.clone import Clone

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A short path of mode 700."""
    folder = Path(tempfile.mkdtemp(prefix="sav-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def clone(private_folder: Path) -> Iterator[Clone]:
    """A clone whose packages are in place and whose application is a stand-in."""
    made = Clone(private_folder / "clone")
    made.lend_packages(Path(sys.prefix))
    made.install_stand_ins()
    yield made
    made.end_all()
