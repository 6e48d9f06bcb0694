"""A picture of which labels are taken for which."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from ml_server.training.forms import LABELS
from ml_server.training.metrics import LabelScores


def draw(scores: LabelScores, path: Path) -> None:
    """Write the word-level confusion matrix as a PNG (or what the path's ending says).

    Colours are shares of the gold label's words, so that rare labels can be seen; numbers are shares and word counts.

    Raises:
        OSError: it cannot be written.
        ValueError: matplotlib does not write files of that ending.
    """
    counts = scores.confusion
    shares = counts / counts.sum(axis=1, keepdims=True).clip(min=1)
    figure = Figure(figsize=(6.4, 5.6), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0)
    names = [label.lower() for label in LABELS]
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold")
    axes.set_title(f"Words by label: {scores.word_accuracy:.1%} of {counts.sum():,} right")
    for row, column in [(row, column) for row in range(len(names)) for column in range(len(names))]:
        share = shares[row, column]
        axes.text(
            column,
            row,
            f"{share:.0%}\n{counts[row, column]:,}",
            ha="center",
            va="center",
            color="white" if share > 0.5 else "black",
        )
    figure.savefig(path)
