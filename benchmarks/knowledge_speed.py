"""Search, growth of the index and reading of PDF files, beside what FAISS and MuPDF do alone."""

from __future__ import annotations

import itertools
import random
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, progress, timed
from benchmarks.opponents import flat_index, plain_pdf
from benchmarks.private_stack import ROOT
from webapp.assistant import documents, embeddings
from webapp.assistant.index import Index, IndexRow
from webapp.domain import Language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bench import Scale

VOCABULARY = 30_000
WORDS_A_PASSAGE = 90
PASSAGES_A_DOCUMENT = 20
PASSAGES_A_HEADING = 4
QUERIES = 60
QUERY_GOAL, GROWTH_GOAL, PDF_GOAL = 2.0, 1 / 50, 0.70
BEGINNINGS = "ba bro cha cli da dro fa flo ga gri la lu ma mi na po pra ra ro sa sta ta tri va vo".split()  # noqa: SIM905  a word a line would be a page
MIDDLES = "ba che di fo gui la li mo na pe ra ri sou ta ti va".split()  # noqa: SIM905  idem
ENDINGS = "ble card dier fon gon lage let lier ment mur nade nal que ral rette sion teur ting ton veau".split()  # noqa: SIM905  idem
Vectors = NDArray[np.float32]


def measure(folder: Path, scale: Scale) -> Iterator[Figure]:
    yield _pdf(scale)
    vocabulary = _vocabulary()
    vectors = _vectors(scale.passages, 1)
    rows = _rows(vocabulary, vectors)
    progress(f"building {scale.passages} passages in {folder.name}")
    build_s, index = timed(lambda: Index.build(1, rows, embeddings.bundled()))
    yield from _queries(index, vectors, vocabulary)
    yield _growth(index, rows[:PASSAGES_A_DOCUMENT], build_s, scale.passages)


def _vocabulary() -> list[str]:
    words = ["".join(parts) for parts in itertools.product(BEGINNINGS, MIDDLES, MIDDLES, ENDINGS)]
    return random.Random(2).sample(words, VOCABULARY)


def _vectors(count: int, seed: int) -> Vectors:
    """Directions in clusters, as those of documents are."""
    chance = np.random.default_rng(seed)
    dimensions = embeddings.bundled().encode(["."]).shape[1]
    centres = chance.standard_normal((200, dimensions), np.float32)
    found = centres[chance.integers(0, len(centres), count)] + chance.standard_normal((count, dimensions), np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found, np.float32)


def _rows(vocabulary: list[str], vectors: Vectors) -> list[IndexRow]:
    """Passages in words of Zipf's law, about as long as ours; a few share a heading, as ours do."""
    names = _vectors(len(vectors) // PASSAGES_A_HEADING + 1, 5).astype(np.float16)
    chance = np.random.default_rng(3)
    steps = np.cumsum(1 / np.arange(1, VOCABULARY + 1))
    drawn = np.searchsorted(steps / steps[-1], chance.random((len(vectors), WORDS_A_PASSAGE)))
    chosen = np.array(vocabulary)[np.minimum(drawn, VOCABULARY - 1)]
    return [
        IndexRow(
            number,
            " ".join(words),
            f"Notice {number // PASSAGES_A_DOCUMENT}",
            f"Chapitre {number // PASSAGES_A_HEADING}",
            Language.FR,
            vector.astype(np.float16).tobytes() + names[number // PASSAGES_A_HEADING].tobytes(),
        )
        for number, (words, vector) in enumerate(zip(chosen.tolist(), vectors, strict=True), 1)
    ]


def _queries(index: Index, vectors: Vectors, vocabulary: list[str]) -> Iterator[Figure]:
    """Turn by turn. A query is encoded on our side too: FAISS alone is given the vector."""
    flat = flat_index.FlatIndex(vectors)
    chance = random.Random(4)
    ours: list[float] = []
    encoding: list[float] = []
    theirs: list[float] = []
    for number in range(QUERIES + 5):
        query = " ".join(chance.choices(vocabulary[:5000], k=6))
        encode_s, vector = timed(lambda query=query: embeddings.bundled().encode([query]))  # type: ignore[misc]
        ours_s, _ = timed(lambda query=query: index.search(query, 5))  # type: ignore[misc]
        theirs_s, _ = timed(lambda vector=vector: flat.search(vector, 5))  # type: ignore[misc]
        if number >= 5:  # noqa: PLR2004  the first ones warm up
            ours.append(ours_s * 1000)
            encoding.append(encode_s * 1000)
            theirs.append(theirs_s * 1000)
    more: dict[str, object] = {"passages": len(vectors), "of_it_encoding_ms": round(statistics.median(encoding), 2)}
    value, against = statistics.median(ours), statistics.median(theirs)
    what = "IndexFlatIP of the same vectors, one thread, the query's vector given"
    yield Figure("query, all signals, p50", value, "ms", QUERY_GOAL, "<=", against, what, more)


def _growth(index: Index, document: list[IndexRow], build_s: float, count: int) -> Figure:
    """One more document, as a worker follows a publication."""
    fresh = [
        IndexRow(count + number, row.text, row.title, row.heading, row.language, row.vector)
        for number, row in enumerate(document, 1)
    ]
    spent = [timed(lambda: index.changed(2, fresh, set()))[0] for _ in range(9)]
    more: dict[str, object] = {"passages": count, "passages_of_the_document": len(fresh)}
    value = statistics.median(spent)
    return Figure("one more document", value, "s", GROWTH_GOAL, "<=", build_s, "building all, vectors given", more)


def _pdf(scale: Scale) -> Figure:
    """Pages of the demo's manuals to passages, turn by turn with the text of the same pages."""
    files = [path.read_bytes() for path in sorted((ROOT / "demo" / "documents").rglob("*.pdf"))]
    ours: list[float] = []
    theirs: list[float] = []
    ends = time.perf_counter() + scale.pdf_s
    while time.perf_counter() < ends or len(ours) < 5:  # noqa: PLR2004  rounds, for a median
        pages = sum(plain_pdf.pages(data) for data in files)
        theirs.append(pages / timed(lambda: [plain_pdf.read(data) for data in files])[0])
        ours.append(pages / timed(lambda: [documents.split(documents.parse(data, "m.pdf")) for data in files])[0])
    value, against = statistics.median(ours[1:]), statistics.median(theirs[1:])
    what = 'PyMuPDF get_text("dict") of the same pages alone'
    return Figure("PDF to passages", value, "pages/s", PDF_GOAL, ">=", against, what)
