"""The reading order of the lines of a page whose file gives them in another."""

from __future__ import annotations

from itertools import pairwise

# x0, y0, x1, y1 (points), letter size (points), bold, text, number of the file's own block
Line = tuple[float, float, float, float, float, bool, str, int]

_GUTTER = 8.0  # points between columns
_MOST_CUT = 600  # lines of a page that is cut; more are read from top to bottom


def disordered(lines: list[Line]) -> bool:
    """Whether the order of the file jumps up the page without moving right, or runs across columns."""
    for above, below in pairwise(lines):
        jumps_up = below[3] <= above[1] and below[0] < above[2]
        returns = below[2] <= above[0] and 0 <= below[1] - above[1] < 2 * above[4]
        if jumps_up or returns:
            return True
    return False


def ordered(lines: list[Line]) -> list[Line]:
    """Recursive cuts along white bands: columns where they are clear, else at the widest gap from top to bottom."""
    if len(lines) > _MOST_CUT:
        return sorted(lines, key=lambda line: (line[1], line[0]))
    columns = _columns(lines)
    if len(columns) > 1:
        return [line for column in columns for line in ordered(column)]
    parts = _halves(lines)
    return [line for part in parts for line in ordered(part)] if len(parts) > 1 else lines


def _columns(lines: list[Line]) -> list[list[Line]]:
    order = sorted(lines, key=lambda line: line[0])
    columns = [[order[0]]]
    end = order[0][2]
    for line in order[1:]:
        if line[0] > end + _GUTTER:
            columns.append([])
        columns[-1].append(line)
        end = max(end, line[2])
    return columns


def _halves(lines: list[Line]) -> list[list[Line]]:
    """Above and below the widest white band; one part where none is."""
    order = sorted(lines, key=lambda line: line[1])
    widest, at, end = -1e9, 0, order[0][3]
    for place, line in enumerate(order[1:], 1):
        if line[1] - end > widest:
            widest, at = line[1] - end, place
        end = max(end, line[3])
    if widest < -0.5 * order[0][4]:
        return [sorted(lines, key=lambda line: (line[1], line[0]))]
    return [order[:at], order[at:]]
