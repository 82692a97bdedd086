"""Charts of what `make bench` printed: `make bench > bench.jsonl; python -m benchmarks.charts bench.jsonl OUT.svg`.

One bar a measurement: how far it is from its goal, on the side where it should be. Standard library only.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path
from typing import Any

WIDTH, LABEL, ROW, BAR, MOST = 900, 330, 30, 14, 2.0
STYLE = """
text{font:13px system-ui,sans-serif;fill:#1d2430}.goal{stroke:#1d2430;stroke-dasharray:3 3}.met{fill:#2f7d5b}
.missed{fill:#b4472e}.ground{fill:#fff}.note{fill:#5a6475;font-size:12px}
"""


def main(arguments: list[str]) -> int:
    lines = [json.loads(line) for line in Path(arguments[0]).read_text().splitlines() if line.startswith("{")]
    Path(arguments[1]).write_text(svg(lines))
    return 0


def svg(lines: list[dict[str, Any]]) -> str:
    """The dashed line is the goal; a bar that reaches it from the left meets it."""
    height = ROW * (len(lines) + 2)
    scale = (WIDTH - LABEL - 190) / MOST
    goal = LABEL + scale
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Goals">',
        f'<style>{STYLE}</style><rect class="ground" width="{WIDTH}" height="{height}"/>',
        f'<text class="note" x="{goal}" y="18" text-anchor="middle">goal</text>',
        f'<line class="goal" x1="{goal}" x2="{goal}" y1="24" y2="{height - ROW / 2}"/>',
    ]
    for number, line in enumerate(lines, 1):
        parts += _row(line, number * ROW + 8, scale)
    return "\n".join([*parts, "</svg>", ""])


def _row(line: dict[str, Any], top: float, scale: float) -> list[str]:
    reached = min(MOST, reach(line))
    kind = "met" if line["ok"] else "missed"
    figure = f"{line['value']:.3g} {line['unit']}" if line["ratio"] is None else f"x {line['ratio']:.3g}"
    end = LABEL + max(1.0, reached) * scale + 8  # never across the line of the goal
    return [
        f'<text x="{LABEL - 10}" y="{top + 12}" text-anchor="end">{escape(line["name"])}</text>',
        f'<rect class="{kind}" x="{LABEL}" y="{top}" width="{max(1.0, reached * scale):.1f}" height="{BAR}" rx="2"/>',
        f'<text class="note" x="{end:.1f}" y="{top + 12}">{escape(figure)} (goal {escape(line["goal"])})</text>',
    ]


def reach(line: dict[str, Any]) -> float:
    """1 is the goal, more is better, whichever way the goal points."""
    sense, goal = line["goal"].split()
    held = line["value"] if line["ratio"] is None else line["ratio"]
    if sense == ">=":
        return float(held) / float(goal)
    return float(goal) / held if held else MOST


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
