"""What one segment holds of its passages, beside the same counted in the plainest way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from tests.assistant import builders
from webapp.assistant import kinds, words
from webapp.assistant.embeddings import name_of
from webapp.assistant.segment import IndexRow, Segment, letter_groups

K1, B, NAME = 0.8, 0.5, 2.5
ODD = ("…", "de la", "ﾞ")  # nothing, nothing that counts, and a word that folds to nothing


def _rows() -> list[IndexRow]:
    known = builders.passages(("guide-client.md", builders.GUIDE), ("manual.md", builders.MANUAL))
    more = [builders.passage(text, number) for number, text in enumerate((*ODD, "62138 Douvrin"), len(known) + 1)]
    return builders.rows(known | {each.id: each for each in more})


def _named(row: IndexRow) -> list[str]:
    return _stems(name_of(row.title, row.heading), row)


def _said(row: IndexRow) -> list[str]:
    """Its own, and those of what it gives without naming it."""
    return _stems(f"{row.text} {kinds.details(row.text, row.language)}", row)


def _stems(text: str, row: IndexRow) -> list[str]:
    found = (words.stem(word, row.language) for word in words.content_words(text, row.language))
    return [stem for stem in found if stem]


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
    assert set(segment.letters.numbers) == set().union(*map(letter_groups, segment.stem_list))
    for group in segment.letters.numbers:
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


@pytest.mark.parametrize("text", ODD)
def test_a_segment_may_hold_no_word_at_all(text: str) -> None:
    unnamed = replace(builders.passage(text, 1), title="")
    segment = Segment(builders.rows({1: unnamed}))
    assert segment.stem_list == ()
    assert segment.stems.get("volet") is None
    assert segment.sequence(0) == [-1]
