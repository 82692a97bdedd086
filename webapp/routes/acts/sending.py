"""Taking files with a message: in storage first, then rows and message in one transaction, or nothing of either."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from webapp.domain import Role
from webapp.extensions import db
from webapp.routes.access import me
from webapp.routes.sessions import settings
from webapp.routes.storage import PHOTOS, storage
from webapp.services import photos
from webapp.services.photos import NewFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webapp.routes.uploads import SentFile


@contextmanager
def kept(files: Sequence[SentFile]) -> Iterator[list[NewFile]]:
    """Keep files for a message that is accepted inside; refused, none of them is kept.

    What a commit whose end nobody heard leaves behind is left to maintenance: its rows may be there.
    """
    check_quota(files)
    db.session.rollback()  # a transaction is not kept open while storage is waited for
    stored: list[NewFile] = []
    try:
        for file in files:
            stored.append(_store(file))  # noqa: PERF401  those before one that fails must be known
        yield stored
    except Exception:
        drop(stored)
        raise


def check_quota(files: Sequence[SentFile]) -> None:
    """Bound what a customer sends; looked at again where her messages are taken one after the other."""
    if me().role is Role.CLIENT:
        photos.check_quota(db.session(), me().account_id, len(files), settings().uploads_a_day)


def _store(file: SentFile) -> NewFile:
    file.stream.seek(0)
    key = storage(PHOTOS).put(file.stream, limit=photos.MAX_BYTES).key
    return NewFile(file.name, file.media_type, file.digest, file.size, key)


def drop(files: Sequence[NewFile]) -> None:
    """Remove files whose message was not accepted."""
    storage(PHOTOS).discard(*(file.key for file in files))
