"""What one worker process holds: made after any fork, at the first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tasks import model_calls
from tasks.index import IndexKeeper
from tasks.liveness import Liveness
from webapp import logs
from webapp import settings as environment
from webapp.models.engine import open_sessions

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.orm import Session, sessionmaker

    from webapp.assistant.embeddings import Encoder
    from webapp.assistant.llm import ModelClient
    from webapp.settings import Settings
    from webapp.storage import Storage

POOL_SIZE = 6  # threads write in short transactions and think with none open
STATEMENTS_POOL_SIZE = 4


class Runtime:
    """`sessions` open transactions; each statement of a session of `statement` begins and ends by itself."""

    def __init__(self, queues: frozenset[str]) -> None:
        self.settings: Settings = environment.load()
        self.sessions: sessionmaker[Session] = open_sessions(self.settings, POOL_SIZE)
        self.statement: sessionmaker[Session] = open_sessions(self.settings, STATEMENTS_POOL_SIZE, autocommit=True)
        self.liveness = Liveness(self.settings, self.sessions, queues)
        self.index = IndexKeeper(self.sessions, lambda: self.encoder)

    @property
    def encoder(self) -> Encoder:
        from webapp.assistant import embeddings

        return embeddings.encoder(self.settings, model_calls.encoded)

    @cached_property
    def model(self) -> ModelClient | None:
        """Return the model, None when no key is set and answers are quoted from the documents."""
        if not self.settings.has_model:
            return None
        from webapp.assistant.llm import ModelClient

        return ModelClient(self.settings, request_id=logs.request_id)

    @cached_property
    def documents(self) -> Storage:
        return self._open("documents")

    @property
    def workshop(self) -> Path:
        """A folder of this machine for what is worked on; maintenance empties it of what a death left there."""
        folder = self.settings.data_dir.absolute() / "files" / "incoming"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @cached_property
    def photos(self) -> Storage:
        return self._open("photos")

    def _open(self, folder: str) -> Storage:
        from webapp.storage import open_storage

        return open_storage(self.settings, folder)
