"""Lines of a page into blocks: table rows kept together, columns in reading order, paragraphs joined."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from webapp.assistant.parsed import CELL, Block, BlockKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# x0, y0, x1, y1 (points), letter size (points), bold, text, number of the file's own block
Line = tuple[float, float, float, float, float, bool, str, int]
# x0, y0, x1, y1 and the blocks inside
Chunk = tuple[float, float, float, float, list[Block]]

_BULLET = re.compile(r"[•▪■●◦‣⁃∙·○◆►➢✓✔\-–—*\uf0a7\uf0b7\uf0fc]\s*(?=\S)|\(?\d{1,2}[.)]\s")
_LONE_BULLET = re.compile(r"[•▪■●◦‣⁃∙·○◆►➢✓✔\-–—*\uf0a7\uf0b7\uf0fc]|\(?[0-9]{1,2}[.)]")
_KEEPS_HYPHEN = frozenset(
    "est peut vous nous eux elle lui celui celle ceux non sous semi anti demi vis après avant porte oscillo auto ci là a t "
    "self well non pre co".split()
)
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
    chunks = [*_chunks(rest, body), *rows]
    if _disordered(chunks):
        chunks = list(_ordered(chunks))
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
        yield (*_box(group), [Block(kind, text)])


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
    if len(text) <= _HEADING_LENGTH and (line[4] >= _LARGER * body or line[5] or text.isupper()):
        letters = sum(map(str.isalpha, text))
        if letters > 3 and letters > len(text) / 2 and text[-1] not in ".,;:-":  # noqa: PLR2004 - "ANS" alone is no heading
            return BlockKind.HEADING
    return BlockKind.PARAGRAPH


def _parts(before: Line, line: Line, kind: BlockKind) -> bool:
    """Whether a paragraph ends between two lines of the same kind."""
    if _LONE_BULLET.fullmatch(before[6]):
        return False
    white = line[1] - before[3]
    if line[7] != before[7] or white > _GAP * before[4] or white < -3 * before[4]:
        return True
    if kind is BlockKind.HEADING:
        return abs(line[4] - before[4]) > 1
    if _BULLET.match(line[6]) or _LONE_BULLET.fullmatch(line[6]):
        return True
    return before[6][-1] in ".!?:" and line[0] > before[0] + before[4]


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


def _disordered(chunks: list[Chunk]) -> bool:
    """Whether the order of the file jumps up the page without moving right."""
    return any(below[3] <= above[1] and below[0] < above[2] for above, below in zip(chunks, chunks[1:], strict=False))


def _ordered(chunks: list[Chunk]) -> Iterable[Chunk]:
    """Recursive cuts along white bands: columns first where they are clear, else from top to bottom."""
    if len(chunks) < 2:  # noqa: PLR2004 - one has one order
        return chunks
    for axis, gap in ((0, 8.0), (1, 0.0)):
        parts = _cut(chunks, axis, gap)
        if len(parts) > 1:
            return [chunk for part in parts for chunk in _ordered(part)]
    return sorted(chunks, key=lambda chunk: (chunk[1], chunk[0]))


def _cut(chunks: list[Chunk], axis: int, gap: float) -> list[list[Chunk]]:
    """Parts separated by more than `gap` points along an axis (0 across, 1 down)."""
    order = sorted(chunks, key=lambda chunk: chunk[axis])
    parts = [[order[0]]]
    end = order[0][axis + 2]
    for chunk in order[1:]:
        if chunk[axis] > end + gap:
            parts.append([])
        parts[-1].append(chunk)
        end = max(end, chunk[axis + 2])
    return parts
