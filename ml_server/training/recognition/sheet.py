"""Pictures for people: lines with what they say or what was read in them, and how a training went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from ml_server.training.recognition.lines import HEIGHT, Line
from ml_server.training.recognition.typefaces import choose

_CAPTION = 16
_GAP = 6
_RIGHT, _WRONG, _WRONG_PAPER = "#10131a", "#a00018", "#ffffff"


def contact_sheet(
    lines: Sequence[Line], read: Sequence[str] | None = None, columns: int = 3, width: int = 560
) -> Image.Image:
    """Lines in columns, each over what it says or, where that is another thing in red, what was read.

    Args:
        lines: what to show.
        read: of each line, in order.
        columns: beside one another.
        width: of a column in pixels; wider lines are shown smaller.
    """
    cell = HEIGHT + _CAPTION + _GAP
    rows = -(-len(lines) // columns)
    sheet = Image.new("RGB", (columns * (width + _GAP) + _GAP, rows * cell + _GAP), "#9aa3ad")
    pen = ImageDraw.Draw(sheet)
    for at, line in enumerate(lines):
        x, y = _GAP + at % columns * (width + _GAP), _GAP + at // columns * cell
        picture = Image.fromarray(line.pixels)
        picture.thumbnail((width, HEIGHT))
        sheet.paste(picture, (x, y))
        caption = read[at] if read is not None else line.text
        face = choose(Random(0), caption, korean=True) if caption else None
        if face is not None:
            if caption != line.text:
                pen.rectangle((x, y + HEIGHT, x + width, y + HEIGHT + _CAPTION), _WRONG_PAPER)
            pen.text((x, y + HEIGHT), caption, _RIGHT if caption == line.text else _WRONG, face.font(13))
    return sheet


def draw_curve(curves: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """Accuracy on held-out lines over the optimiser's steps, as a PNG.

    Args:
        curves: of rounds that followed each other, by name; entries with ``step``, ``characters`` and ``lines``, as the
            training writes them.
        path: of the picture.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 3.6), layout="constrained")
    axes = figure.add_subplot()
    before = 0.0
    for name, curve in curves.items():
        steps = [before + entry["step"] for entry in curve]
        for kind, label, colour in (("characters", "characters (1 - CER)", "C0"), ("lines", "whole lines right", "C1")):
            values = [100 * entry[kind] for entry in curve]
            axes.plot(steps, values, colour, marker="o", markersize=3, label=label if not before else None)
            end = (steps[-1], values[-1])
            axes.annotate(f"{end[1]:.1f}", end, textcoords="offset points", xytext=(-2, 4), ha="right", fontsize=8)
        if before:
            axes.axvline(before, color="0.5", linewidth=0.8)
        axes.annotate(
            name,
            (before, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            xytext=(3, 4),
            rotation=90,
        )
        before = steps[-1]
    axes.set_xlim(left=0)
    axes.margins(y=0.08)
    axes.set_xlabel("optimiser steps")
    axes.set_ylabel("% of held-out lines")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", bbox_to_anchor=(0.12, 0.03))
    figure.savefig(path, dpi=110)
