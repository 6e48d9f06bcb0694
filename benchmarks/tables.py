"""Records as tables, for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def columns(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The keys of all rows, in the order they first appear."""
    return list(dict.fromkeys(key for row in rows for key in row))


def cell(value: Any) -> str:
    """A value for people: nothing for None, codes as ``200 x 12``, numbers without useless digits."""
    match value:
        case None:
            return "–"
        case dict():
            return ", ".join(f"{key}: {cell(each)}" for key, each in value.items())
        case list() | tuple():
            return ", ".join(cell(each) for each in value)
        case float():
            return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
        case _:
            return str(value)


def verdicts(checks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Checks as rows."""
    return [
        {
            "what is judged": check["name"],
            "measured": check["value"],
            "must be": f"{check['relation']} {cell(check['limit'])}",
            "": "yes" if check["passed"] else "NO",
        }
        for check in checks
    ]


def show(found: dict[str, Any], console: Console) -> None:
    """Print a record."""
    for title, rows in ((found["benchmark"], found["rows"]), ("judged", verdicts(found["checks"]))):
        if not rows:
            continue
        table = Table(title=title, title_justify="left")
        names = columns(rows)
        for name in names:
            table.add_column(name.replace("_", " "), overflow="fold")
        for row in rows:
            table.add_row(*(cell(row.get(name)) for name in names))
        console.print(table)
    for note in found["notes"]:
        console.print(f"· {note}")


def markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Rows as a Markdown table."""
    names = columns(rows)
    lines = [[name.replace("_", " ") for name in names], ["---"] * len(names)]
    lines += [[cell(row.get(name)).replace("|", "\\|") for name in names] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
