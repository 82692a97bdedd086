"""Vectors of a provider: usable, or a reason why not, whatever its server does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.fakes.model_modes import Mode, Operation
from tests.harness import application
from webapp.assistant import embeddings
from webapp.errors import ModelUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.model_server import ModelServer
    from webapp.settings import Settings

FAULTS = {
    Mode.SERVER_ERROR: "server_error",
    Mode.UNAUTHORIZED: "unauthorised",
    Mode.RATE_LIMITED: "rate_limited",
    Mode.TRUNCATED_JSON: "invalid",
    Mode.WRONG_SCHEMA: "invalid",
    Mode.HTML: "invalid",
}


@pytest.fixture
def of_provider(model_server: ModelServer, tmp_path: Path) -> Settings:
    given = {"OPENAI_API_KEY": "sk-of-a-test", "OPENAI_BASE_URL": model_server.base_url}
    return application.settings("postgresql://-", "redis://-", tmp_path, OPENAI_EMBEDDING_MODEL="vectors", **given)


def test_each_text_has_its_vector(of_provider: Settings, model_server: ModelServer) -> None:
    texts = [f"texte {number}" for number in range(100)]
    vectors = embeddings.encoder(of_provider).encode(texts)
    assert len(vectors) == len(texts)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert len(model_server.requests) == 2
    assert np.allclose(embeddings.encoder(of_provider).encode(texts[70:71])[0], vectors[70], atol=1e-5)


@pytest.mark.parametrize(("mode", "reason"), FAULTS.items())
def test_a_fault_of_the_provider_has_a_reason(
    of_provider: Settings, model_server: ModelServer, mode: Mode, reason: str
) -> None:
    calls: list[tuple[str, str | None]] = []

    def told(model: str, _seconds: float, reason: str | None) -> None:
        calls.append((model, reason))

    encoder = embeddings.encoder(of_provider, told)
    encoder.encode(["volet"] * 100)
    model_server.set(mode, operation=Operation.EMBEDDINGS)
    with pytest.raises(ModelUnavailableError) as error:
        encoder.encode(["volet"])
    assert error.value.reason == reason
    assert calls == [("vectors", None), ("vectors", None), ("vectors", reason)]


def test_batches_of_vectors_that_do_not_fit_are_a_fault(of_provider: Settings, model_server: ModelServer) -> None:
    model_server.set(Mode.ANSWER, operation=Operation.EMBEDDINGS, dimensions=8, times=1)
    with pytest.raises(ModelUnavailableError) as error:
        embeddings.encoder(of_provider).encode(["volet"] * 100)
    assert error.value.reason == "invalid"


def test_cold_threads_share_one_encoder(of_provider: Settings) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda _: embeddings.encoder(of_provider), range(16)))
    assert len(set(map(id, made))) == 1
