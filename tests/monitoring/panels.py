"""The queries of the boards, as Grafana would send them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from tests.monitoring.programs import MONITORING

BOARDS = MONITORING / "grafana" / "dashboards"
EXPORTED = re.compile(r"\b(pg|redis|node)_\w+")
RANGE = "1m"


@dataclass(frozen=True)
class Query:
    board: str
    panel: str
    text: str

    @property
    def exporter(self) -> str | None:
        """The exporter whose figures it reads: pg, redis or node; None for the application's own."""
        found = EXPORTED.search(self.text)
        return found[1] if found else None


def queries() -> list[Query]:
    """Every query of every panel, its interval filled in."""
    found = []
    for path in sorted(BOARDS.glob("*.json")):
        board = json.loads(path.read_text("utf-8"))
        found += [
            Query(board["title"], panel["title"], _filled(target["expr"]))
            for panel in board["panels"]
            for target in panel["targets"]
        ]
    return found


def _filled(text: str) -> str:
    text = text.replace("$__rate_interval", RANGE)
    assert "$" not in text, text
    return text
