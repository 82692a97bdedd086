"""What one segment holds of its passages, beside the same counted in the plainest way."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from tests.assistant import builders
from webapp.assistant import words
from webapp.assistant.embeddings import name_of
from webapp.assistant.segment import IndexRow, Segment, letter_groups

K1, B, NAME = 0.8, 0.5, 2.5


def _rows() -> list[IndexRow]:
    known = builders.passages(("guide-client.md", builders.GUIDE), ("manual.md", builders.MANUAL))
    nothing = builders.passage("…", len(known) + 1)
    return builders.rows(known | {nothing.id: nothing})


def _named(row: IndexRow) -> list[str]:
    return words.terms(name_of(row.title, row.heading), row.language)


def _said(row: IndexRow) -> list[str]:
    return words.terms(row.text, row.language)


def test_each_stem_lists_its_passages_with_its_share_of_each() -> None:
    rows = _rows()
    segment = Segment(rows)
    sizes = [len(_said(row)) + 2 for row in rows]
    expected: dict[str, dict[int, float]] = {}
    for position, row in enumerate(rows):
        times: dict[str, float] = defaultdict(float)
        for stem in _named(row):
            times[stem] += NAME
        for stem in _said(row):
            times[stem] += 1
        for stem, count in times.items():
            share = K1 * (1 - B + B * sizes[position] / (sum(sizes) / len(sizes)))
            expected.setdefault(stem, {})[position] = count * (K1 + 1) / (count + share)
    assert set(segment.stem_list) == set(expected)
    for stem, held in expected.items():
        found = segment.stems.get(stem)
        assert found is not None
        assert found[0].tolist() == list(held)
        assert found[1].tolist() == pytest.approx(list(held.values()))
        assert segment.stems.length(stem) == len(held)
    assert segment.stems.get("introuvable") is None


def test_each_group_of_letters_lists_the_stems_that_hold_it() -> None:
    segment = Segment(_rows())
    for group in set().union(*map(letter_groups, segment.stem_list)):
        found = segment.letters.get(group)
        assert found is not None
        holders = [number for number, stem in enumerate(segment.stem_list) if group in letter_groups(stem)]
        assert found[0].tolist() == holders
        assert np.all(found[1] == 1)


def test_a_passage_is_read_back_in_its_order_its_name_first() -> None:
    rows = _rows()
    segment = Segment(rows)
    for position, row in enumerate(rows):
        read = [segment.stem_list[number] if number >= 0 else None for number in segment.sequence(position)]
        assert read == [*_named(row), None, *_said(row)]
