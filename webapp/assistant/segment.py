"""One immutable piece of the index: vectors in FAISS, stems in an inverted list, letters of the stems in another."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from webapp.assistant import kinds, words
from webapp.assistant.embeddings import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from webapp.domain import Language

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

_K1 = 0.8
_B = 0.5
_NAME_WEIGHT = 2.5  # a word of the title or heading counts as so many of the text
_LETTERS = 3


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A passage as the index needs it; `vector` as `embeddings.passage_vectors` stored it."""

    passage_id: int
    text: str
    title: str
    heading: str
    language: Language
    vector: bytes


@dataclass(frozen=True, slots=True)
class Inverted:
    """Lists of `positions` with a weight each: list number i is [starts[i], starts[i + 1])."""

    numbers: Mapping[str, int]
    starts: NDArray[np.int64]
    positions: Ints
    weights: Floats

    def get(self, key: str) -> tuple[Ints, Floats] | None:
        number = self.numbers.get(key)
        if number is None:
            return None
        span = slice(self.starts[number], self.starts[number + 1])
        return self.positions[span], self.weights[span]

    def length(self, key: str) -> int:
        number = self.numbers.get(key)
        return 0 if number is None else int(self.starts[number + 1] - self.starts[number])


class Segment:
    """Built once from rows and never changed; deletions are the business of the index above it."""

    def __init__(self, rows: Sequence[IndexRow], *, keep_rows: bool = True) -> None:
        self.size = len(rows)
        self.dimensions = dimensions = _dimensions(rows)
        self.rows = tuple(rows) if keep_rows else ()  # only small segments are ever joined again
        self.ids = np.array([row.passage_id for row in rows], np.int64)
        names = [name_of(row.title, row.heading) for row in rows]
        vectors = _vectors(rows, dimensions)
        unique = {name: number for number, name in enumerate(dict.fromkeys(names))}
        first = [0] * len(unique)
        for position in range(len(names) - 1, -1, -1):
            first[unique[names[position]]] = position
        self.name_of = np.array([unique[name] for name in names], np.int32)
        self.of_name = _grouped(self.name_of, len(unique))
        self.texts = _faiss(vectors[:, :dimensions])
        self.names = _faiss(vectors[first, dimensions:] if first else vectors[:0, dimensions:])
        sequences = [
            [*words.terms(name, row.language), "", *words.terms(_searched(row), row.language)]
            for row, name in zip(rows, names, strict=True)
        ]
        self.stems = _stems(sequences)
        self._order = _Order(sequences, self.stems.numbers)
        self.stem_list = tuple(self.stems.numbers)
        self.letters = _letters(self.stem_list)
        self.stem_sizes = np.array([len(stem) for stem in self.stem_list], np.float32)

    def __len__(self) -> int:
        return self.size

    def sequence(self, position: int) -> list[int]:
        """The numbers of the stems of a passage in reading order, its name first, -1 between name and text."""
        return self._order.of(position)


class _Order:
    """The stems of all passages one after the other, as numbers."""

    def __init__(self, sequences: Sequence[Sequence[str]], numbers: Mapping[str, int]) -> None:
        self._starts = np.zeros(len(sequences) + 1, np.int64)
        np.cumsum([len(sequence) for sequence in sequences], out=self._starts[1:])
        flat = (numbers.get(stem, -1) for sequence in sequences for stem in sequence)
        self._numbers = np.fromiter(flat, np.int32, int(self._starts[-1]))

    def of(self, position: int) -> list[int]:
        found: list[int] = self._numbers[self._starts[position] : self._starts[position + 1]].tolist()
        return found


def _searched(row: IndexRow) -> str:
    """The text with the names of the details it gives: who asks for the address finds the postcode."""
    return f"{row.text} {kinds.details(row.text, row.language)}"


def _dimensions(rows: Sequence[IndexRow]) -> int:
    """How many numbers a vector of most of these rows has: each holds two of them, of two bytes a number."""
    ((size, _),) = Counter(len(row.vector) for row in rows).most_common(1)
    return max(1, size // 4)


def _vectors(rows: Sequence[IndexRow], dimensions: int) -> Floats:
    """Both vectors of each row, side by side; rows that hold anything else get zeros and are found by their words."""
    wanted = dimensions * 2 * 2
    blank = bytes(wanted)
    joined = b"".join(row.vector if len(row.vector) == wanted else blank for row in rows)
    return np.frombuffer(joined, np.dtype("<f2")).astype(np.float32).reshape(len(rows), dimensions * 2)


def _faiss(vectors: Floats) -> Any:  # noqa: ANN401 - faiss has no types
    """An exhaustive index over float16, which is what rows hold: nothing is lost, and half the memory is read."""
    import faiss  # noqa: PLC0415 - must load after a fork, never before (faiss issue 5206)

    kind = faiss.ScalarQuantizer.QT_fp16
    index = faiss.IndexScalarQuantizer(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(np.ascontiguousarray(vectors))
    return index


def _grouped(groups: Ints, count: int) -> tuple[NDArray[np.int64], Ints]:
    """(starts, members): the members of group g are members[starts[g]:starts[g + 1]]."""
    members = np.argsort(groups, kind="stable").astype(np.int32)
    starts = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(groups, minlength=count), out=starts[1:])
    return starts, members


def _stems(sequences: Sequence[Sequence[str]]) -> Inverted:
    """BM25 without its idf, which depends on the whole index: weights are the saturated term frequencies."""
    counts: list[dict[str, float]] = []
    sizes = np.ones(len(sequences), np.float32)
    for position, sequence in enumerate(sequences):
        found: dict[str, float] = {}
        parting = sequence.index("")
        for place, stem in enumerate(sequence):
            if place != parting:
                found[stem] = found.get(stem, 0.0) + (_NAME_WEIGHT if place < parting else 1.0)
        sizes[position] += len(sequence) - parting
        counts.append(found)
    shares = (_K1 * (1 - _B + _B * sizes / max(float(sizes.mean()), 1.0))).tolist()
    return _inverted(
        (stem, position, times * (_K1 + 1) / (times + shares[position]))
        for position, found in enumerate(counts)
        for stem, times in found.items()
    )


def _letters(stems: Iterable[str]) -> Inverted:
    """The groups of letters of each stem, its ends marked, for words written otherwise than in the documents."""
    return _inverted((group, number, 1.0) for number, stem in enumerate(stems) for group in letter_groups(stem))


def letter_groups(stem: str) -> set[str]:
    marked = f"^{stem}$"
    return {marked[start : start + _LETTERS] for start in range(max(1, len(marked) - _LETTERS + 1))}


def _inverted(entries: Iterable[tuple[str, int, float]]) -> Inverted:
    numbers: dict[str, int] = {}
    positions: dict[int, list[int]] = defaultdict(list)
    weights: dict[int, list[float]] = defaultdict(list)
    for key, position, weight in entries:
        number = numbers.setdefault(key, len(numbers))
        positions[number].append(position)
        weights[number].append(weight)
    starts = np.zeros(len(numbers) + 1, np.int64)
    for number in range(len(numbers)):
        starts[number + 1] = starts[number] + len(positions[number])
    flat = [position for number in range(len(numbers)) for position in positions[number]]
    heavy = [weight for number in range(len(numbers)) for weight in weights[number]]
    return Inverted(numbers, starts, np.array(flat, np.int32), np.array(heavy, np.float32))
