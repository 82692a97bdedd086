"""One immutable piece of the index: vectors in FAISS, stems in an inverted list, letters of the stems in another."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter
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
        self._order = order = _Order(rows, names)
        self.stems = _stems(order)
        self.stem_list = tuple(self.stems.numbers)
        self.letters = _letters(self.stem_list)
        self.stem_sizes = np.array([len(stem) for stem in self.stem_list], np.float32)

    def __len__(self) -> int:
        return self.size

    def sequence(self, position: int) -> list[int]:
        """The numbers of the stems of a passage in reading order, its name first, -1 between name and text."""
        return self._order.of(position)


class _Order:
    """The stems of all passages one after the other, as numbers: those of its name, -1, those of its text."""

    def __init__(self, rows: Sequence[IndexRow], names: Sequence[str]) -> None:
        of_names = [words.terms(name, row.language) for row, name in zip(rows, names, strict=True)]
        sequences = [
            [*named, "", *words.terms(_searched(row), row.language)] for row, named in zip(rows, of_names, strict=True)
        ]
        self.sizes = np.array([len(sequence) for sequence in sequences], np.int64)
        self.name_sizes = np.array([len(named) for named in of_names], np.int64)
        self._starts = _ends(self.sizes)
        self.known = _numbered(itertools.chain.from_iterable(sequences))
        found = self.known | {"": -1}
        flat = itertools.chain.from_iterable(sequences)
        self.numbers = np.fromiter(map(found.__getitem__, flat), np.int32, int(self._starts[-1]))

    def of(self, position: int) -> list[int]:
        found: list[int] = self.numbers[self._starts[position] : self._starts[position + 1]].tolist()
        return found

    def places(self) -> tuple[Ints, NDArray[np.int64]]:
        """For each number, the position of its passage, and its place there."""
        positions = np.repeat(np.arange(len(self.sizes), dtype=np.int32), self.sizes)
        return positions, np.arange(len(self.numbers)) - self._starts[positions]


def _numbered(keys: Iterable[str]) -> dict[str, int]:
    """A number for each key, in the order in which they come; none for what is nothing."""
    return {key: number for number, key in enumerate(key for key in dict.fromkeys(keys) if key)}


def _ends(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of so many ends, with the start of the first before them."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64)])


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
    return _ends(np.bincount(groups, minlength=count)), members


def _stems(order: _Order) -> Inverted:
    """BM25 without its idf, which depends on the whole index: weights are the saturated term frequencies."""
    positions, places = order.places()
    worth = np.where(places < order.name_sizes[positions], _NAME_WEIGHT, 1.0)
    counted = order.numbers >= 0
    passages = len(order.sizes)
    pairs = order.numbers[counted].astype(np.int64) * passages + positions[counted]
    held, place = np.unique(pairs, return_inverse=True)
    times = np.bincount(place, weights=worth[counted], minlength=len(held))
    numbers, holders = np.divmod(held, passages)
    sizes = (order.sizes - order.name_sizes + 1).astype(np.float32)
    shares = (_K1 * (1 - _B + _B * sizes / max(float(sizes.mean()), 1.0))).astype(np.float64)
    weights = times * (_K1 + 1) / (times + shares[holders])
    starts = _ends(np.bincount(numbers, minlength=len(order.known)))
    return Inverted(order.known, starts, holders.astype(np.int32), weights.astype(np.float32))


def _letters(stems: Sequence[str]) -> Inverted:
    """The groups of letters of each stem, its ends marked, for words written otherwise than in the documents."""
    known: dict[str, int] = {}
    flat, sizes = array("i"), array("i")
    for stem in stems:
        groups = letter_groups(stem)
        sizes.append(len(groups))
        flat.extend([known.setdefault(group, len(known)) for group in groups])
    starts, members = _grouped(np.array(flat, np.int32), len(known))
    of_stem = np.repeat(np.arange(len(sizes), dtype=np.int32), np.array(sizes, np.int64))
    return Inverted(known, starts, of_stem[members], np.ones(len(members), np.float32))


def letter_groups(stem: str) -> set[str]:
    marked = f"^{stem}$"
    return {marked[start : start + _LETTERS] for start in range(max(1, len(marked) - _LETTERS + 1))}
