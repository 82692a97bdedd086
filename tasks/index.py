"""The index of one process: built in memory at the first search, then following what is published."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from webapp.services import knowledge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session, sessionmaker

    from webapp.assistant.embeddings import Encoder
    from webapp.assistant.index import Index, IndexRow
    from webapp.models import PassageRow


class IndexKeeper:
    """Gives the index of the published version; a search under way keeps the snapshot it began with.

    `encoder` is called once somebody searches: its weights are not loaded before.
    """

    def __init__(self, sessions: sessionmaker[Session], encoder: Callable[[], Encoder]) -> None:
        self._sessions = sessions
        self._encoder = encoder
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._ids: frozenset[int] = frozenset()

    def current(self) -> Index:
        with self._sessions() as session:
            version = knowledge.index_version(session)
        index = self._index
        if index is not None and index.version == version:
            return index
        with self._lock:
            return self._follow()

    def _follow(self) -> Index:
        """Bring in what was published since; the waiting threads find it done."""
        with self._sessions() as session:
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            version = knowledge.index_version(session)
            if self._index is not None and self._index.version == version:
                return self._index
            have = self._index.version if self._index is not None else -1
            ids = frozenset(knowledge.passage_ids(session, self._encoder().name))
            added = knowledge.passages_after(session, have, self._encoder().name)
        self._index, self._ids = self._next(version, ids, _rows(added)), ids
        return self._index

    def _next(self, version: int, ids: frozenset[int], added: Sequence[IndexRow]) -> Index:
        from webapp.assistant.index import Index

        if self._index is None:
            return Index.build(version, added, self._encoder())
        return self._index.changed(version, added, set(self._ids - ids))


def _rows(passages: Sequence[tuple[PassageRow, str]]) -> list[IndexRow]:
    from webapp.assistant.index import IndexRow

    return [
        IndexRow(
            passage_id=row.id, text=row.text, title=title, heading=row.heading, language=row.language, vector=row.vector
        )
        for row, title in passages
    ]
