"""Records as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

BARS = {"per_s": "results a second", "p50_ms": "p50, ms", "p99_ms": "p99, ms", "cpu_s_per_page": "CPU seconds a page"}
"""Columns that are drawn where a record has no curves, and their titles."""


def draw(found: dict[str, Any], path: Path) -> bool:
    """Draw a record's curves, or its rows as bars.

    Returns:
        Whether there was anything to draw.
    """
    from matplotlib.figure import Figure

    rows = [row for row in found.get("rows", []) if "what" in row]
    bars = [name for name in BARS if any(row.get(name) is not None for row in rows)]
    if not found.get("series") and not bars:
        return False
    if found.get("series"):
        figure = Figure(figsize=(8, 3.5), layout="constrained")
        axes = figure.subplots()
        for name, points in found["series"].items():
            axes.plot(*zip(*points, strict=True), label=name, linewidth=1.2)
        axes.set(xlabel=found["axes"][0], ylabel=found["axes"][1])
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
    else:
        figure = Figure(figsize=(3.2 * len(bars) + 2, 0.4 * len(rows) + 1.2), layout="constrained")
        for i, (axes, name) in enumerate(zip(figure.subplots(1, len(bars), squeeze=False)[0], bars, strict=True)):
            axes.barh([str(row["what"]) for row in rows], [row.get(name) or 0.0 for row in rows], color="#4477aa")
            axes.invert_yaxis()
            axes.set_title(BARS[name], fontsize=10)
            if i:
                axes.set_yticklabels([])
    figure.suptitle(f"{found['benchmark']}, {found['date'][:10]}", fontsize=10)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, metadata={"Software": None})
    return True
