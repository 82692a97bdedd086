"""Writes the boards of Grafana from grafana/boards/*.toml, where they are stated: `python -m monitoring.boards`.

Counters are summed over machines; gauges come from the one database and are the same on each, hence max().
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GRAFANA = Path(__file__).resolve().parent / "grafana"
STATED, WRITTEN = GRAFANA / "boards", GRAFANA / "dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
COLUMNS = 24
SIZES = {"figure": (6, 4), "curve": (12, 8)}  # columns, rows
LOOKS: dict[str, dict[str, Any]] = {
    "figure": {"graphMode": "none", "colorMode": "value"},
    "curve": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}},
}

Stated = dict[str, Any]

LINK: Stated = {  # to the other boards; Grafana's schema wants each of these said
    "type": "dashboards",
    "tags": ["sav"],
    "title": "Tableaux",
    "icon": "external link",
    "tooltip": "",
    "asDropdown": False,
    "includeVars": False,
    "keepTime": True,
    "targetBlank": False,
}


def stated() -> dict[str, Stated]:
    """Return each board by its name, as its file says it."""
    return {path.stem: tomllib.loads(path.read_text("utf-8")) for path in sorted(STATED.glob("*.toml"))}


def dashboard(name: str, board: Stated) -> Stated:
    """Return a board as Grafana reads it; what is Grafana's own default is left out."""
    return {
        "uid": f"sav-{name}",
        "title": board["title"],
        "tags": ["sav"],
        "editable": False,
        "schemaVersion": 39,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "links": [LINK],
        "panels": [_panel(number, *placed) for number, placed in enumerate(_placed(board["panels"]), 1)],
    }


def _placed(panels: Sequence[Stated]) -> Iterator[tuple[Stated, dict[str, int]]]:
    """Each panel with its place: from left to right, then the next row."""
    x = y = rows = 0
    for panel in panels:
        columns, height = SIZES[_kind(panel)]
        if x + columns > COLUMNS:
            x, y = 0, y + rows
        yield panel, {"x": x, "y": y, "w": columns, "h": height}
        x, rows = x + columns, height


def _kind(panel: Stated) -> str:
    return str(panel.get("kind", "curve"))


def _panel(number: int, panel: Stated, place: dict[str, int]) -> Stated:
    return {
        "id": number,
        "type": "stat" if _kind(panel) == "figure" else "timeseries",
        "title": panel["title"],
        "description": panel["description"],
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": panel.get("unit", "short")} | _field(panel), "overrides": []},
        "options": LOOKS[_kind(panel)],
        "targets": [
            {"refId": chr(ord("A") + index), "expr": query["expr"], "legendFormat": query.get("legend", "")}
            for index, query in enumerate(panel["queries"])
        ],
    }


def _field(panel: Stated) -> Stated:
    if _kind(panel) == "curve":
        return {"min": 0, "custom": {"fillOpacity": 5, "showPoints": "never"}}
    steps: list[Stated] = [{"color": "text", "value": None}]
    if "alarm" in panel:
        steps.append({"color": "red", "value": panel["alarm"]})
    return {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": steps}}


def text(name: str, board: Stated) -> str:
    return json.dumps(dashboard(name, board), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    WRITTEN.mkdir(exist_ok=True)
    for name, board in stated().items():
        (WRITTEN / f"{name}.json").write_text(text(name, board), encoding="utf-8")


if __name__ == "__main__":
    main()
