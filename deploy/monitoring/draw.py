"""Draw the dashboard's panels from a running Prometheus' data, without Grafana: every panel where the dashboard has it.

python deploy/monitoring/draw.py http://localhost:9090 dashboard.png --minutes 5 --without GPUs

It shows what the queries return, for a look at the dashboard or a picture of it; Grafana's own drawing differs in
colours and axes. Needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
from check_queries import DASHBOARD, ask, filled
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

_COLUMN_INCHES, _ROW_INCHES = 0.72, 0.34
_STEP_S = 2
_COLOURS = {"green": "#37872d", "orange": "#e07b00", "red": "#c4162a"}
_STYLE: dict[Any, Any] = {
    "font.size": 7, "axes.titlesize": 8, "axes.titleweight": "bold", "axes.grid": True, "grid.alpha": 0.3,
    "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip
_RATES = {"reqps": " req/s", "ops": " /s"}


@dataclass(frozen=True, slots=True)
class Line:
    """One series: what the legend calls it, minutes before the end (at most 0), and values, NaN where there is none."""

    name: str
    minutes: list[float]
    values: list[float]


def lines(base: str, panel: dict[str, Any], ends: float, minutes: float) -> list[Line]:
    """All series of a panel's queries.

    Raises:
        OSError: Prometheus does not answer, or refuses a query.
    """
    found = []
    for target in panel["targets"]:
        asked = {"query": filled(target["expr"]), "start": ends - 60 * minutes, "end": ends, "step": _STEP_S}
        for series in ask(base, "query_range", asked)["result"]:
            name = target["legendFormat"]
            for label in re.findall(r"{{(\w+)}}", name):
                name = name.replace(f"{{{{{label}}}}}", series["metric"].get(label, ""))
            moments = [(at - ends) / 60 for at, _ in series["values"]]
            found.append(Line(name.strip() or "–", moments, [float(value) for _, value in series["values"]]))
    return found


def text(value: float, unit: str) -> str:
    """A value as the dashboard's units write it."""
    if unit == "percentunit":
        return f"{100 * value:.3g} %"
    if unit == "s":
        return f"{value:.3g} s" if abs(value) >= 1 else f"{1000 * value:.3g} ms"
    if unit == "bytes":
        return f"{value / 2**20:.3g} MiB" if abs(value) < 2**30 else f"{value / 2**30:.3g} GiB"
    return f"{value:.3g}{_RATES.get(unit, '')}"


def draw(base: str, without: Sequence[str], minutes: float) -> Figure:
    """The whole dashboard but some of its rows."""
    panels, row = [], ""
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        row = panel["title"] if panel["type"] == "row" else row
        if row not in without:
            panels.append(panel)
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    figure = Figure(figsize=(24 * _COLUMN_INCHES, (height + 1) * _ROW_INCHES), facecolor="white")
    ends = time.time()
    for panel in panels:
        place = panel["gridPos"]
        left, top, wide = place["x"] / 24, 1 - (place["y"] + 0.5) / (height + 1), place["w"] / 24
        if panel["type"] == "row":
            figure.text(0.008, top - 0.6 / (height + 1), panel["title"], fontsize=10, weight="bold", color="#444")
            continue
        tall = place["h"] / (height + 1)
        box = (left + 0.032, top - tall + 0.2 * tall, wide - 0.042, 0.63 * tall)
        _draw_panel(figure.add_axes(box), panel, lines(base, panel, ends, minutes))
    note = f"drawn from Prometheus' answers to the dashboard's queries by draw.py, last {minutes:g} minutes"
    figure.text(0.992, 1 - 0.9 / (height + 1), note, ha="right", color="#666")
    return figure


def _draw_panel(axes: Axes, panel: dict[str, Any], shown: list[Line]) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    axes.set_title(panel["title"], loc="left")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: text(value, unit)))
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=unit == "short"))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda minutes, _: f"{minutes:.3g} min" if minutes else "now"))
    if not shown:
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", color="#999")
    elif panel["type"] == "stat":
        _draw_stat(axes, panel["fieldConfig"]["defaults"], shown[0])
    elif panel["type"] == "heatmap":
        _draw_heatmap(axes, shown)
    else:
        for line in shown:
            axes.plot(line.minutes, line.values, linewidth=1.1, label=line.name)
        axes.set_ylim(bottom=0)
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.09), ncols=4, fontsize=5.5, frameon=False, borderpad=0)


def _draw_stat(axes: Axes, defaults: dict[str, Any], line: Line) -> None:
    known = [value for value in line.values if not math.isnan(value)]
    value = known[-1] if known else math.nan
    steps = defaults.get("thresholds", {"steps": []})["steps"]
    passed = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
    colour = _COLOURS[passed[-1]] if passed else "#1f60c4"
    axes.fill_between(line.minutes, line.values, color=colour, alpha=0.18, linewidth=0)
    axes.set_axis_off()
    axes.set_ylim(bottom=0)
    axes.text(
        0.5, 0.45, text(value, defaults["unit"]), transform=axes.transAxes, ha="center", va="center",
        fontsize=15, weight="bold", color=colour,
    )  # fmt: skip


def _draw_heatmap(axes: Axes, shown: list[Line]) -> None:
    """Buckets from below, each without those below it, which Prometheus counts in."""
    buckets = sorted(shown, key=lambda line: float(line.name))
    rows = [buckets[0].values]
    rows += [
        [over - under for over, under in zip(above.values, below.values, strict=False)]
        for below, above in pairwise(buckets)
    ]
    moments = buckets[0].minutes
    axes.imshow(rows, aspect="auto", origin="lower", cmap="Blues", extent=(moments[0], moments[-1], 0, len(rows)))
    axes.set_yticks([row + 0.5 for row in range(len(rows))], [line.name for line in buckets])
    axes.grid(visible=False)


def main() -> None:
    """Draw into a file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prometheus", help="its address, as http://localhost:9090")
    parser.add_argument("picture", type=Path, help="the file to write: .png, .svg or .pdf")
    parser.add_argument("--without", action="append", default=[], metavar="ROW", help="a row to leave out")
    parser.add_argument("--minutes", type=float, default=5, help="how far back (default: 5)")
    options = parser.parse_args()
    with mpl.rc_context(_STYLE):
        draw(options.prometheus, options.without, options.minutes).savefig(options.picture, dpi=100)


if __name__ == "__main__":
    main()
