"""Lines of a page into blocks: table rows kept together, columns in reading order, paragraphs joined."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.assistant import columns
from webapp.assistant.parsed import CELL, Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from webapp.assistant.columns import Line

# x0, y0, x1, y1 and the blocks inside
Chunk = tuple[float, float, float, float, list[Block]]

_BULLET = re.compile(r"[•▪■●◦‣∙·○◆►➢✓✔\-–—*\uf0a7\uf0b7\uf0fc]\s*(?=\S)|\(?\d{1,2}[.)]\s")
_LONE_BULLET = re.compile(r"[•▪■●◦‣∙·○◆►➢✓✔\-–—*\uf0a7\uf0b7\uf0fc]|\(?[0-9]{1,2}[.)]")
_LABELLED = re.compile(r"[^:]{2,60} ?: \S.{0,60}(?<![,;:])")
_HYPHENATED = """
est peut vous nous eux elle lui celui celle ceux non sous semi anti demi vis après avant porte oscillo auto ci là a
t self well non pre co
"""
_KEEPS_HYPHEN = frozenset(_HYPHENATED.split())
_TABLE_ROWS = 3
_CELL_LENGTH = 38  # characters a cell has on average; longer ones are the lines of two columns
_HEADING_LENGTH = 100
_LARGER = 1.18  # a heading's letters over the body's
_GAP = 0.9  # of the letter size: white between two lines that parts paragraphs


def blocks(lines: list[Line], body: float) -> tuple[Block, ...]:
    """The blocks of one page in reading order; `body` is the letter size of the running text."""
    if not lines:
        return ()
    rows, rest = _tables(lines)
    if columns.disordered(rest):
        rest = columns.ordered(rest)
    chunks = [*_chunks(rest, body), *rows]
    if rows:
        chunks = _ordered_chunks(chunks)
    return tuple(block for chunk in chunks for block in chunk[4])


def _tables(lines: list[Line]) -> tuple[list[Chunk], list[Line]]:
    """Tables found by lines that share a height, and the lines outside of them."""
    bands = _bands(lines)
    tables: list[Chunk] = []
    taken: set[int] = set()
    run: list[list[int]] = []
    for band in [*bands, []]:
        if len(band) > 1 and (not run or _follows(lines, run[-1], band)):
            run.append(band)
            continue
        if _is_table(lines, run):
            tables.append(_table(lines, run))
            taken.update(index for row in run for index in row)
        run = [band] if len(band) > 1 else []
    if not taken:
        return [], lines
    return tables, [line for index, line in enumerate(lines) if index not in taken]


def _bands(lines: list[Line]) -> list[list[int]]:
    """Indices of lines at one height, left to right, bands from top to bottom."""
    order = sorted(range(len(lines)), key=lambda index: lines[index][1] + lines[index][3])
    bands: list[list[int]] = []
    last = -1e9
    for index in order:
        middle = (lines[index][1] + lines[index][3]) / 2
        if middle - last <= 0.3 * lines[index][4]:
            bands[-1].append(index)
        else:
            bands.append([index])
            last = middle
    for band in bands:
        if len(band) > 1:
            band.sort(key=lambda index: lines[index][0])
    return bands


def _follows(lines: list[Line], above: list[int], below: list[int]) -> bool:
    first, second = lines[above[0]], lines[below[0]]
    return second[1] - first[3] < 2.5 * max(first[4], second[4])


def _is_table(lines: list[Line], run: list[list[int]]) -> bool:
    if len(run) < _TABLE_ROWS:
        return False
    cells = [lines[index][6] for row in run for index in row if not _LONE_BULLET.fullmatch(lines[index][6])]
    if len(cells) < len(run) * 1.5 or sum(map(len, cells)) > _CELL_LENGTH * len(cells):
        return False
    starts = sorted(lines[row[0]][0] for row in run)
    middle = starts[len(starts) // 2]
    return sum(abs(start - middle) < 6 for start in starts) >= 0.6 * len(run)  # noqa: PLR2004 - points a hand-set column wavers


def _table(lines: list[Line], run: list[list[int]]) -> Chunk:
    inside = [lines[index] for row in run for index in row]
    rows = [Block(BlockKind.ROW, CELL.join(lines[index][6] for index in row)) for row in run]
    return (*_box(inside), rows)


def _chunks(lines: list[Line], body: float) -> Iterator[Chunk]:
    """Runs of lines the file itself keeps together, parted at size changes, bullets and white space."""
    vocabulary: set[str] | None = None
    for group, kind in _groups(lines, body):
        text = group[0][6]
        for line in group[1:]:
            if text.endswith("-") and line[6][:1].islower() and text[-2:-1].isalpha():
                if vocabulary is None:
                    vocabulary = {word.lower() for each in lines for word in re.findall(r"\w+", each[6])}
                text = _rejoined(text, line[6], vocabulary)
            else:
                text = f"{text} {line[6]}"
        row = kind is BlockKind.PARAGRAPH and (_LABELLED.fullmatch(text) or _BULLET.match(text))
        yield (*_box(group), [Block(BlockKind.ROW if row else kind, text)])


def _groups(lines: list[Line], body: float) -> Iterator[tuple[list[Line], BlockKind]]:
    group: list[Line] = []
    kind = BlockKind.PARAGRAPH
    for line in lines:
        found = _kind(line, body)
        if group and (found is not kind or _parts(group[-1], line, kind)):
            yield group, kind
            group = []
        if group and _LONE_BULLET.fullmatch(group[-1][6]):
            found = kind
        group.append(line)
        kind = found
    if group:
        yield group, kind


def _kind(line: Line, body: float) -> BlockKind:
    text = line[6]
    short = len(text) <= _HEADING_LENGTH and not _LABELLED.fullmatch(text)
    if short and (line[4] >= _LARGER * body or line[5] or text.isupper()):
        letters = sum(map(str.isalpha, text))
        if letters > 3 and letters > len(text) / 2 and text[-1] not in ".,;:-":  # noqa: PLR2004 - "ANS" alone is no heading
            return BlockKind.HEADING
    return BlockKind.PARAGRAPH


def _parts(before: Line, line: Line, kind: BlockKind) -> bool:
    """Whether a paragraph ends between two lines of the same kind."""
    if _LONE_BULLET.fullmatch(before[6]):
        return False
    if _moved(before, line):
        return True
    if kind is BlockKind.HEADING:
        return abs(line[4] - before[4]) > 1
    itemised = _BULLET.match(line[6]) or _LONE_BULLET.fullmatch(line[6])
    labelled = _LABELLED.fullmatch(before[6]) and _LABELLED.fullmatch(line[6])
    return bool(itemised or labelled) or (before[6][-1] in ".!?:" and line[0] > before[0] + before[4])


def _moved(before: Line, line: Line) -> bool:
    """Whether white or another place parts two lines; files often make a block of each line, which tells nothing."""
    white = line[1] - before[3]
    if white > _GAP * before[4] or white < -3 * before[4]:
        return True
    return line[7] != before[7] and (white < -before[4] or abs(line[0] - before[0]) > 2 * before[4])


def _rejoined(text: str, following: str, vocabulary: set[str]) -> str:
    """Undo a break inside a word, keep the hyphen of a compound."""
    head = re.split(r"[\s'’-]", text[:-1])[-1].lower()
    tail = re.split(r"\W", following, maxsplit=1)[0].lower()
    compound = head in _KEEPS_HYPHEN or (head in vocabulary and tail in vocabulary and len(head) > 3 and len(tail) > 3)  # noqa: PLR2004 - short words prove nothing
    return (text if compound else text[:-1]) + following


def _box(lines: Sequence[Line]) -> tuple[float, float, float, float]:
    return (
        min(line[0] for line in lines),
        min(line[1] for line in lines),
        max(line[2] for line in lines),
        max(line[3] for line in lines),
    )


def _ordered_chunks(chunks: list[Chunk]) -> list[Chunk]:
    """Tables put where they stand between the paragraphs, which keep their order."""
    placed = [chunk for chunk in chunks if not _tabular(chunk)]
    for table in (chunk for chunk in chunks if _tabular(chunk)):
        at = next(
            (i for i, other in enumerate(placed) if other[1] >= table[3] - 1 and other[0] < table[2]), len(placed)
        )
        placed.insert(at, table)
    return placed


def _tabular(chunk: Chunk) -> bool:
    return len(chunk[4]) > 1
