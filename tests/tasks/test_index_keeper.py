"""A worker's index compares with the vectors its passages have, of whatever size, and finds without any."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tasks.index import IndexKeeper
from tests.tasks import desk
from webapp.errors import ModelUnavailableError
from webapp.models.engine import open_sessions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.orm import Session, sessionmaker

    from webapp.assistant.embeddings import Vectors
    from webapp.settings import Settings

AXES = (("volet", "rideau"), ("vitrage", "carreau"))
PASSAGES = ("# Un\n\nLe volet se lave au savon.\n", "# Deux\n\nLe vitrage se lave au chiffon.\n")


class Axes:
    """Three numbers a text: one for each subject, and one for any other."""

    name = "axes"
    away = False

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.away:
            raise ModelUnavailableError("connection", retry_after=None, permanent=False)
        rows = [[float(any(word in text.lower() for word in axis)) for axis in AXES] + [0.1] for text in texts]
        vectors = np.array(rows, np.float32).reshape(len(texts), 3)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture
def sessions(settings: Settings) -> Iterator[sessionmaker[Session]]:
    made = open_sessions(settings, 2)
    yield made
    made.kw["bind"].dispose()


def _found(keeper: IndexKeeper, query: str) -> list[int]:
    return [candidate.passage_id for candidate in keeper.current().search(query, 1)]


def test_a_query_that_shares_no_word_is_found_by_its_meaning(
    sessions: sessionmaker[Session], settings: Settings
) -> None:
    encoder = Axes()
    for passage in PASSAGES:
        desk.teach(settings, passage, encoder)
    keeper = IndexKeeper(sessions, lambda: encoder)
    shutter, pane = _found(keeper, "rideau"), _found(keeper, "carreau")
    assert shutter != pane
    assert (_found(keeper, "volet"), _found(keeper, "vitrage")) == (shutter, pane)
    desk.teach(settings, "# Trois\n\nLe store se replie.\n", encoder)  # the index follows, and finds as it did
    assert (_found(keeper, "rideau"), _found(keeper, "carreau")) == (shutter, pane)
    encoder.away = True
    assert (_found(keeper, "volet"), _found(keeper, "vitrage")) == (shutter, pane)


def test_an_index_is_built_while_its_encoder_is_away(sessions: sessionmaker[Session], settings: Settings) -> None:
    encoder = Axes()
    desk.teach(settings, PASSAGES[0], encoder)
    encoder.away = True
    assert _found(IndexKeeper(sessions, lambda: encoder), "volet")
