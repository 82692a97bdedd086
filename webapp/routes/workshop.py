"""Temporary files of this machine, without a name, on the disk of our files and not on the system's."""

from __future__ import annotations

import tempfile
from typing import IO

from webapp.errors import StorageAwayError
from webapp.routes.sessions import settings


def temporary_file() -> IO[bytes]:
    folder = settings().data_dir / "files" / "incoming"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise StorageAwayError from error
