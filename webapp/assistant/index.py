"""The searchable snapshot of all published passages: meaning, words and letters, fused into one score.

It only proposes passage ids. A snapshot never changes: `changed` gives a new one that shares the segments of the old.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from webapp.assistant import language, words
from webapp.assistant.segment import IndexRow, Segment, letter_groups
from webapp.domain import Candidate
from webapp.errors import ModelUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from webapp.assistant.embeddings import Encoder
    from webapp.assistant.segment import Floats, Ints

__all__ = ["Index", "IndexRow"]

_BASE = 50_000  # passages of a segment built at once
_SMALL = 5_000  # a segment under this may be joined with others
_MOST_SMALL = 8  # small segments before they are joined, so that a search visits few
_DEPTH = 100  # candidates each signal proposes
_RERANKED = 30
# Weights of the signals beside meaning (1). They lie in a flat region for five sets of questions in two languages.
_WORDS = 0.6
_TOGETHER = 0.5
_PLAIN = 0.75  # of the rarest word's weight: questions of plain words alone prove little by their words
_WINDOW = 20  # stems within which the words of a question stand together
_SCALE = 1 / (1 + _WORDS + _TOGETHER)
_ALIKE = 0.6  # share of letter groups from which a stem stands for another
_ALIKE_KNOWN = 0.75  # of the weight, when the documents hold the word as the customer wrote it
_MOST_ALIKE = 8
_SHORTEST_ALIKE = 4

_Pair = tuple[Segment, NDArray[np.bool_]]


class Index:
    """Immutable; safe to search from any number of threads."""

    def __init__(
        self, version: int, segments: Sequence[Segment], alive: Sequence[NDArray[np.bool_]], encoder: Encoder
    ) -> None:
        self.version = version
        self._segments = tuple(segments)
        self._alive = tuple(alive)
        self._encoder = encoder
        self.size = int(sum(mask.sum() for mask in alive))

    @classmethod
    def build(cls, version: int, rows: Iterable[IndexRow], encoder: Encoder) -> Index:
        """Everything anew. `encoder` is the one whose vectors the rows carry."""
        listed = list(rows)
        parts = [listed[start : start + _BASE] for start in range(0, len(listed), _BASE)]
        segments = [Segment(part, keep_rows=len(part) < _SMALL) for part in parts]
        return cls(version, segments, [np.ones(len(segment), np.bool_) for segment in segments], encoder)

    def changed(self, version: int, added_rows: Iterable[IndexRow], removed_ids: AbstractSet[int]) -> Index:
        """The snapshot after a change; this one stays valid for searches that hold it."""
        added = list(added_rows)
        gone = np.fromiter({*removed_ids, *(row.passage_id for row in added)}, np.int64)
        pairs = [(s, m & ~np.isin(s.ids, gone)) for s, m in zip(self._segments, self._alive, strict=True)]
        pairs = [(segment, mask) for segment, mask in pairs if mask.any()]
        if added:
            fresh = Segment(added, keep_rows=len(added) < _SMALL)
            pairs.append((fresh, np.ones(len(fresh), np.bool_)))
        joined = _joined(pairs)
        return Index(version, [segment for segment, _ in joined], [mask for _, mask in joined], self._encoder)

    def search(self, query: str, k: int) -> list[Candidate]:
        """The `k` best passages, best first, scores in 0..1."""
        if not self.size or not query.strip():
            return []
        vector = self._meaning(query)
        weights = self._term_weights(query)
        plain = _PLAIN * self._idf("")
        ideal = sum(weights.values()) + plain
        # A common word of the trade still counts when a passage must hold all that is asked ("glazing", "warranty").
        even = {stem: (weight + ideal / (len(weights) + 1)) / 2 for stem, weight in weights.items()}
        even_ideal = sum(even.values()) + plain
        shares = {stem: weight / ideal for stem, weight in weights.items()}
        count = max(k, _RERANKED)
        found: list[tuple[float, Segment, int]] = []
        for segment, alive in zip(self._segments, self._alive, strict=True):
            found += _best(segment, alive, _fitting(vector, segment), shares, count)
        found.sort(key=lambda each: -each[0])
        near = [
            (score + _TOGETHER * _together(segment, position, even) / even_ideal, int(segment.ids[position]))
            for score, segment, position in found[:count]
        ]
        near.sort(key=lambda each: (-each[0], each[1]))
        return [Candidate(passage_id, min(1.0, max(0.0, score * _SCALE))) for score, passage_id in near[:k]]

    def _meaning(self, query: str) -> Floats:
        """The vector of the query; none when its encoder is away, and words and letters find without it."""
        try:
            return self._encoder.encode([query])
        except ModelUnavailableError:
            return np.zeros((1, 0), np.float32)

    def _term_weights(self, query: str) -> dict[str, float]:
        """The idf of each stem of the query, times its count there."""
        spoken = language.detect(query)
        found = words.query_terms(query, spoken)
        weights: dict[str, float] = {}
        for stem in found:
            weights[stem] = weights.get(stem, 0.0) + self._idf(stem)
        return weights

    def _idf(self, stem: str) -> float:
        holding = sum(segment.stems.length(stem) for segment in self._segments)
        total = sum(len(segment) for segment in self._segments)
        return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def _fitting(vector: Floats, segment: Segment) -> Floats:
    """The vector, or nothing to compare with where the rows hold vectors of another size."""
    return vector if vector.shape[1] == segment.dimensions else np.zeros((1, segment.dimensions), np.float32)


def _best(
    segment: Segment, alive: NDArray[np.bool_], vector: Floats, shares: Mapping[str, float], count: int
) -> list[tuple[float, Segment, int]]:
    """(score by meaning and words, segment, position) of its `count` best passages, best first."""
    lexical = _WORDS * _lexical(segment, shares)
    depth = min(_DEPTH, len(segment))
    likeness, near = (found[0] for found in segment.texts.search(vector, depth))
    of_names, by_name = _named(segment, vector)
    proposed = np.zeros(len(segment), np.bool_)
    proposed[np.concatenate([near, by_name, np.argpartition(-lexical, depth - 1)[:depth]])] = True
    positions = np.flatnonzero(proposed & alive)
    scores = of_names[segment.name_of[positions]] + lexical[positions]
    of_texts = np.full(len(segment), likeness[-1])  # a text that is not near is at most as like as the last that is
    of_texts[near] = likeness
    at_most = np.maximum(scores, of_texts[positions] + lexical[positions])
    # Reading a vector costs more than all the rest here: only of those that may still be among the best.
    open_ = (at_most > scores) & (at_most >= np.sort(scores)[-count:][:1])
    texts = _dot(segment, positions[open_], vector)
    scores[open_] = np.maximum(scores[open_], texts + lexical[positions[open_]])
    order = np.argsort(-scores, kind="stable")[:count]
    return [(float(scores[i]), segment, int(positions[i])) for i in order]


def _named(segment: Segment, vector: Floats) -> tuple[Floats, Ints]:
    """(likeness of each name, -1 for those that are not near; positions of passages whose name is near)."""
    depth = min(_DEPTH, segment.names.ntotal)
    likeness, near = (found[0] for found in segment.names.search(vector, depth))
    of_names = np.full(segment.names.ntotal, -1.0, np.float32)
    of_names[near] = likeness
    starts, members = segment.of_name
    spans = zip(starts[near].tolist(), starts[near + 1].tolist(), strict=True)
    return of_names, np.concatenate([members[start:end][:_DEPTH] for start, end in spans])


def _together(segment: Segment, position: int, weights: Mapping[str, float]) -> float:
    """The most weight of different words of the question that stand within a few words of the passage."""
    wanted = {
        number: weight for stem, weight in weights.items() if (number := segment.stems.numbers.get(stem)) is not None
    }
    stems = segment.sequence(position)
    parting = stems.index(-1)
    named = wanted.keys() & set(stems[:parting])  # what a passage is called holds for each of its words
    held = [(place, number) for place, number in enumerate(stems[parting:]) if number in wanted]
    best = sum(wanted[number] for number in named)
    for start, (place, _) in enumerate(held):
        inside = {number for other, number in held[start : start + _WINDOW] if other < place + _WINDOW} | named
        best = max(best, sum(wanted[number] for number in inside))
    return best


def _dot(segment: Segment, positions: NDArray[np.int64], vector: Floats) -> Floats:
    if not len(positions):
        return np.zeros(0, np.float32)
    return np.asarray(segment.texts.reconstruct_batch(positions) @ vector[0], np.float32)


def _lexical(segment: Segment, weights: Mapping[str, float]) -> Floats:
    scores = np.zeros(len(segment), np.float32)
    for stem, weight in weights.items():
        exact = segment.stems.get(stem)
        if exact is not None:
            scores[exact[0]] += exact[1] * np.float32(weight)
        if len(stem) >= _SHORTEST_ALIKE:
            _add_alike(segment, stem, weight if exact is None else weight * _ALIKE_KNOWN, scores)
    return scores


def _add_alike(segment: Segment, stem: str, weight: float, scores: Floats) -> None:
    """Add the passages that hold stems written almost alike: slips of the pen, other endings, compounds."""
    best = np.zeros(len(segment), np.float32)
    for number, alike in alike_stems(segment, stem):
        held = segment.stems.get(segment.stem_list[number])
        if held is not None and segment.stem_list[number] != stem:
            best[held[0]] = np.maximum(best[held[0]], held[1] * np.float32(alike * weight))
    own = segment.stems.get(stem)
    if own is not None:
        best[own[0]] = 0.0
    scores += best


def alike_stems(segment: Segment, stem: str) -> list[tuple[int, float]]:
    """(number, likeness in 0..1) of the stems of a segment that share most letter groups with `stem`."""
    groups = letter_groups(stem)
    held = [found[0] for group in groups if (found := segment.letters.get(group)) is not None]
    if not held:
        return []
    shared = np.bincount(np.concatenate(held))
    some = np.flatnonzero(shared >= _ALIKE / 2 * len(groups))  # few; with fewer groups in common no stem is alike
    likeness = 2 * shared[some].astype(np.float32) / (len(groups) + segment.stem_sizes[some])
    best = np.argsort(-likeness, kind="stable")[:_MOST_ALIKE]
    return [(int(some[each]), float(likeness[each])) for each in best if likeness[each] >= _ALIKE]


def _joined(pairs: list[_Pair]) -> list[_Pair]:
    """Small segments made one when there are many."""
    small = [(segment, mask) for segment, mask in pairs if len(segment) < _SMALL]
    if len(small) <= _MOST_SMALL:
        return pairs
    large = [(segment, mask) for segment, mask in pairs if len(segment) >= _SMALL]
    rows = [row for segment, mask in small for row, kept in zip(segment.rows, mask, strict=True) if kept]
    joined = Segment(rows, keep_rows=len(rows) < _SMALL)
    return [*large, (joined, np.ones(len(joined), np.bool_))]
