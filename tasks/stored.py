"""What the ways a stored file can fail mean for the job that needs it, for every kind of job."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.base import RefusedError, TryAgainError
from webapp.errors import StorageAwayError

if TYPE_CHECKING:
    from collections.abc import Iterator

STORAGE_AWAY_S = 10.0


@contextmanager
def file() -> Iterator[None]:
    """Wait for a storage that is away; a file that is not there will never be."""
    try:
        yield
    except FileNotFoundError:
        raise RefusedError("lost") from None
    except StorageAwayError:
        raise TryAgainError(STORAGE_AWAY_S) from None
