"""``RESULTS.md`` and its pictures, out of ``results.jsonl`` and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks import plots, results, tables
from benchmarks.command import say

REPORT = results.RESULTS.with_name("RESULTS.md")
TITLES = {
    "speed": "1. Pages a second, beside the peers and bare loops",
    "overhead": "2. Overhead on the mock engine",
    "overload": "3. Ten times more load than capacity",
    "soak": "4. Memory over many requests",
    "chaos": "5. Killed processes",
    "fairness": "6. Single pages beside a long document",
    "hostile": "7. Hostile files",
    "bulk": "8. Bulk runs, killed and gone on with",
    "bulk-speed": "9. Bulk runs beside a bare loop",
    "label_studio": "10. Label Studio: fifty tasks",
    "recogniser": "11. Our Korean recogniser beside PP-OCRv6's",
    "load": "Single runs of the load generator",
}
_HEAD = """# Results

Written by `python -m benchmarks report` from `results.jsonl`; every number was measured by the command above it. Of
measurements with the same engine the newest stands here, older ones are in that file. What is measured, and how, is in
[README.md](README.md).
"""


def command(
    to: Annotated[Path, typer.Option(help="File to write; pictures go to plots/ beside it.")] = REPORT,
    source: Annotated[Path, typer.Option(help="Records to read.")] = results.RESULTS,
) -> None:
    """Write RESULTS.md and the plots from the records that --save appended to results.jsonl."""
    records = results.read(source)
    drawn = {}
    for found in newest(records):
        path = to.parent / "plots" / f"{_slug(found)}.png"
        if plots.draw(found, path):
            drawn[_slug(found)] = path.relative_to(to.parent).as_posix()
    to.write_text(markdown(records, drawn), encoding="utf-8")
    say(f"{to}: {len(newest(records))} of {len(records)} records, {len(drawn)} pictures")


def markdown(records: Sequence[dict[str, Any]], drawn: dict[str, str]) -> str:
    """The whole report.

    Args:
        records: of ``results.jsonl``, oldest first.
        drawn: addresses of pictures by the slug of their record.
    """
    chosen = newest(records)
    parts = [_HEAD]
    for benchmark, title in TITLES.items():
        mine = [found for found in chosen if found["benchmark"] == benchmark]
        if mine:
            parts.append(f"## {title}\n")
            parts += [_section(found, drawn.get(_slug(found), "")) for found in mine]
    others = [found for found in records if "rows" not in found]
    if others:
        parts.append("## Measured before, by single scripts\n")
        parts += [_single(name, others) for name in dict.fromkeys(found["benchmark"] for found in others)]
    return "\n".join(parts)


def newest(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last record of each benchmark and engine, of those with rows."""
    return list({_slug(found): found for found in records if "rows" in found}.values())


def _section(found: dict[str, Any], picture: str) -> str:
    machine, versions = found["machine"], found["versions"]
    where = f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB, {machine['system']}"
    lines = [
        f"### {_heading(found)}\n",
        f"```console\n$ {found['command']}\n```\n",
        f"{found['date']}, {found['seconds']:.0f} s, on {where}; load average before: {machine['load_before']}.  ",
        ", ".join(f"{name} {version}" for name, version in versions.items()) + ".\n",
        tables.markdown(found["rows"]) + "\n",
    ]
    if found["checks"]:
        lines.append(tables.markdown(tables.verdicts(found["checks"])) + "\n")
    lines += [f"- {note}" for note in found["notes"]] + ([""] if found["notes"] else [])
    if picture:
        lines.append(f"![{_heading(found)}]({picture})\n")
    return "\n".join(lines)


def _heading(found: dict[str, Any]) -> str:
    engine = found["options"].get("engine")
    return f"{found['benchmark']}, {engine}" if engine else str(found["benchmark"])


def _slug(found: dict[str, Any]) -> str:
    return re.sub(r"\W+", "_", _heading(found))


def _single(benchmark: str, records: Sequence[dict[str, Any]]) -> str:
    rows = [dict(list(found.items())[1:]) for found in records if found["benchmark"] == benchmark]
    return f"### {benchmark}\n\n{tables.markdown(rows)}\n"
