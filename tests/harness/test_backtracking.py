"""The counting matcher finds what the standard library's does, and counts what grows."""

from __future__ import annotations

import re

import pytest

from tests.harness import backtracking

TEXT = "abab abba Aab aa-bb\nab: 12 (ab) ab ab\n\naabb.12x é-ab"


@pytest.mark.parametrize(
    "pattern",
    [
        r"a+b",
        r"a*?b",
        r"(?:ab)+",
        r"(?:ab)+?b",
        r"(?:a|ab)(?:b|bb)\b",
        r"(a|b)\1",
        r"(?:(a)|b)+\s",
        r"(?i:A)ab",
        r"a{2,3}b{,1}",
        r"(?:a|b){2,4}+",
        r"(?>a|ab)b",
        r"\w++b",
        r"(?<=a)b(?=\s)",
        r"(?<!a)b(?!b)",
        r"^[^\s]+$",
        r"(?m:^\w+)",
        r"\A.|.\Z",
        r"[a-b]+?[^a-b]",
        r"((a+)+b)*x",
        r"a*",
    ],
)
def test_it_finds_the_same(pattern: str) -> None:
    compiled = re.compile(pattern)
    assert backtracking.finding(compiled)(TEXT) == [each.span() for each in compiled.finditer(TEXT)]


def test_a_search_that_goes_once_through_costs_as_much_as_the_text_is_long() -> None:
    count = backtracking.counting(re.compile("x"))
    assert count("a" * 100) - count("a" * 50) == 50


def test_a_bound_is_a_constant_however_large() -> None:
    count = backtracking.counting(re.compile(r"a{0,4000}x"))
    assert count("a" * 400) < 5 * count("a" * 100)


def test_each_way_through_nested_repeats_is_counted() -> None:
    count = backtracking.counting(re.compile(r"(?:a+)+x"))
    assert count("a" * 12) > 3.9 * count("a" * 10)
