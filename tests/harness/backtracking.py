"""How many steps a pattern takes over a text, counted: the standard library's matcher tells how long, not how much.

The same search the same way: from each place in turn, greedy repeats from the longest, alternatives from the first.
What `re` skips by a look ahead is counted too, so that its own work is never more than some constant of ours.
"""

from __future__ import annotations

import sys
from functools import cache
from re import _compiler, _constants, _parser  # type: ignore[attr-defined]  # private, and the one parser of patterns
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence

    Go = Callable[[int], int | None]  # from a place in the text to the end of a whole match, None where there is none

DEEP = 100_000  # each repeat of a group stands on the ones before it
MOST_REPEATS = 8  # a bound of ours is a constant, whatever it is, and a small one shows it in a short text
SINGLE = (_constants.LITERAL, _constants.NOT_LITERAL, _constants.IN, _constants.ANY)


def counting(pattern: re.Pattern[str]) -> Callable[[str], int]:
    """Return what finding all matches in a text costs: one for each character looked at and each way tried."""
    matcher = _Matcher(pattern, MOST_REPEATS)
    return lambda text: matcher.run(text)[0]


def finding(pattern: re.Pattern[str]) -> Callable[[str], Sequence[tuple[int, int]]]:
    """Return what finds the places of all matches in a text, as `re` does."""
    matcher = _Matcher(pattern, sys.maxsize)
    return lambda text: matcher.run(text)[1]


class _Matcher:
    def __init__(self, pattern: re.Pattern[str], most_repeats: int) -> None:
        self._most = most_repeats
        self._flags = pattern.flags
        self._text = ""
        self._steps = 0
        self._groups: dict[int, tuple[int, int]] = {}
        self._match = self._sequence(_parser.parse(pattern.pattern, pattern.flags), lambda at: at)

    def run(self, text: str) -> tuple[int, list[tuple[int, int]]]:
        before, self._text, self._steps = sys.getrecursionlimit(), text, 0
        sys.setrecursionlimit(DEEP)
        try:
            return self._steps_and_places()
        finally:
            sys.setrecursionlimit(before)

    def _steps_and_places(self) -> tuple[int, list[tuple[int, int]]]:
        found: list[tuple[int, int]] = []
        at = 0
        while at <= len(self._text):
            self._groups = {}
            end = self._match(at)
            if end is not None:
                found.append((at, end))
            at = at + 1 if end is None else max(end, at + 1)
        return self._steps, found

    def _sequence(self, items: Any, then: Go) -> Go:  # noqa: ANN401  the parser has no types
        for item in reversed(list(items)):
            then = self._one(item, then)
        return then

    def _one(self, item: tuple[Any, Any], then: Go) -> Go:
        name, what = item
        if name in SINGLE:
            return self._single(item, then)
        if name is _constants.AT:
            return self._place(item, then)
        make = {
            _constants.BRANCH: self._branch,
            _constants.SUBPATTERN: self._group,
            _constants.GROUPREF: self._same_again,
            _constants.MAX_REPEAT: self._greedy,
            _constants.MIN_REPEAT: self._lazy,
            _constants.POSSESSIVE_REPEAT: self._possessive,
            _constants.ATOMIC_GROUP: self._atomic,
            _constants.ASSERT: self._ahead_or_behind,
            _constants.ASSERT_NOT: self._not_ahead_or_behind,
        }
        return make[name](what, then)

    def _compiled(self, item: tuple[Any, Any]) -> re.Pattern[str]:
        made: re.Pattern[str] = _compiler.compile(_parser.SubPattern(_parser.State(), [item]), self._flags)
        return made

    def _test(self, item: tuple[Any, Any]) -> Callable[[str], bool]:
        fits = self._compiled(item).fullmatch
        return cache(lambda character: fits(character) is not None)

    def _single(self, item: tuple[Any, Any], then: Go) -> Go:
        test = self._test(item)

        def go(at: int) -> int | None:
            self._steps += 1
            return then(at + 1) if at < len(self._text) and test(self._text[at]) else None

        return go

    def _place(self, item: tuple[Any, Any], then: Go) -> Go:
        stands = self._compiled(item).match

        def go(at: int) -> int | None:
            self._steps += 1
            return then(at) if stands(self._text, at) is not None else None

        return go

    def _branch(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        ways = [self._sequence(each, then) for each in what[1]]

        def go(at: int) -> int | None:
            return next((end for way in ways if (end := way(at)) is not None), None)

        return go

    def _group(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        number, more, less, inside = what
        before, self._flags = self._flags, (self._flags | more) & ~less
        begun: list[int] = []

        def close(at: int) -> int | None:
            start, kept = begun.pop(), self._groups.get(number)
            self._groups[number] = (start, at)
            end = then(at)
            if end is None:
                begun.append(start)
                self._groups.pop(number)
                if kept is not None:
                    self._groups[number] = kept
            return end

        body = self._sequence(inside, close if number else then)
        self._flags = before

        def go(at: int) -> int | None:
            begun.append(at)
            end = body(at)
            if end is None:
                begun.pop()
            return end

        return go if number else body

    def _same_again(self, number: int, then: Go) -> Go:
        def go(at: int) -> int | None:
            self._steps += 1
            start, end = self._groups.get(number, (0, -1))
            said = self._text[start:end]
            return then(at + len(said)) if end >= start and self._text.startswith(said, at) else None

        return go

    def _bounds(self, what: Any) -> tuple[int, int]:  # noqa: ANN401  idem
        least, most, _ = what
        return least, most if most is _constants.MAXREPEAT else min(most, max(least, self._most))

    def _greedy(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        inside = what[2]
        if len(inside) == 1 and inside[0][0] in SINGLE:
            return self._greedy_single(what, then)
        return self._loop(what, then, longest_first=True)

    def _greedy_single(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        least, most = self._bounds(what)
        test = self._test(what[2][0])

        def go(at: int) -> int | None:
            end = self._run(test, at, most)
            for stop in range(end, at + least - 1, -1):
                self._steps += 1
                found = then(stop)
                if found is not None:
                    return found
            return None

        return go

    def _run(self, test: Callable[[str], bool], at: int, most: int) -> int:
        end, last = at, len(self._text) if most is _constants.MAXREPEAT else min(len(self._text), at + most)
        while end < last and test(self._text[end]):
            end += 1
        self._steps += end - at + 1
        return end

    def _lazy(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        return self._loop(what, then, longest_first=False)

    def _loop(self, what: Any, then: Go, *, longest_first: bool) -> Go:  # noqa: ANN401  idem
        least, most = self._bounds(what)
        state = [(0, -1)]  # how often so far, and where the last began

        def more(at: int, count: int, last: int) -> int | None:
            if (most is not _constants.MAXREPEAT and count >= most) or (at == last and count >= least):
                return None
            state.append((count + 1, at))
            end = body(at)
            state.pop()
            return end

        def again(at: int) -> int | None:
            self._steps += 1
            count, last = state[-1]
            end = more(at, count, last) if longest_first or count < least else then(at)
            if end is None and count >= least:
                end = then(at) if longest_first else more(at, count, last)
            return end

        def go(at: int) -> int | None:
            state.append((0, -1))
            end = again(at)
            state.pop()
            return end

        body = self._sequence(what[2], again)
        return go

    def _possessive(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        least, most = self._bounds(what)
        once = self._sequence(what[2], lambda at: at)

        def go(at: int) -> int | None:
            count = 0
            while most is _constants.MAXREPEAT or count < most:
                self._steps += 1
                end = once(at)
                if end is None or end == at:
                    break
                at, count = end, count + 1
            return then(at) if count >= least else None

        return go

    def _atomic(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        inside = self._sequence(what, lambda at: at)

        def go(at: int) -> int | None:
            end = inside(at)
            return None if end is None else then(end)

        return go

    def _stands(self, what: Any) -> Callable[[int], bool]:  # noqa: ANN401  idem
        """Tell whether an assertion holds at a place; one that looks back has one width."""
        direction, inside = what
        body = self._sequence(inside, lambda at: at)
        back = inside.getwidth()[0] if direction < 0 else 0
        return lambda at: at >= back and body(at - back) is not None

    def _ahead_or_behind(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        stands = self._stands(what)
        return lambda at: then(at) if stands(at) else None

    def _not_ahead_or_behind(self, what: Any, then: Go) -> Go:  # noqa: ANN401  idem
        stands = self._stands(what)
        return lambda at: None if stands(at) else then(at)
