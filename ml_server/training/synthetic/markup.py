"""The one element that blocks are made of."""

from __future__ import annotations


def div(inner: object, css: str = "", kind: str = "") -> str:
    """A ``div``.

    Args:
        inner: HTML, or a piece that prints as HTML.
        css: its declarations.
        kind: classes of the page's style sheet: row, fill, grid, line, frame and others.
    """
    named = f' class="{kind}"' if kind else ""
    styled = f' style="{css}"' if css else ""
    return f"<div{named}{styled}>{inner}</div>"
