"""``ml-server extract --key-values``: the pairs as a table for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ml_server.key_value import KeyValuePage


def show(pages: Sequence[KeyValuePage]) -> None:
    """Print the pairs of every page in order, under the page's headers; a page without pairs says so."""
    console = Console()
    for page in pages:
        console.print(_table(page, several=len(pages) > 1))


def _table(page: KeyValuePage, *, several: bool) -> Table:
    labels = Counter(entity.label for entity in page.entities)
    counts = ", ".join(f"{count} {label.lower()}" for label, count in labels.most_common()) or "no text"
    headers = " · ".join(entity.text for entity in page.entities if entity.label == "HEADER")
    title = " — ".join(part for part in (f"page {page.number}" if several else "", headers) if part)
    # Text and not str: what was read may hold square brackets, which are rich's markup.
    table = Table(title=Text(title) if title else None, caption=Text(f"{counts}; {page.model_version}"), min_width=40)
    table.add_column("key", overflow="fold", style="bold")
    table.add_column("value", overflow="fold")
    table.add_column("confidence", justify="right", no_wrap=True)
    for pair in page.key_values:
        table.add_row(Text(pair.key), Text(pair.value), f"{pair.confidence:.2f}")
    if not page.key_values:
        table.add_row("[dim]no pairs found[/dim]", "", "")
    return table
