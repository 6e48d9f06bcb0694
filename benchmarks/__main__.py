"""``python -m benchmarks``: measurements of the server under load, beside what a user would take instead."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from benchmarks import (
    accuracy,
    any_server,
    bulk,
    chaos,
    everything,
    fairness,
    hostile,
    label_studio,
    overhead,
    overload,
    peers,
    recogniser,
    report,
    soak,
    speed,
)
from benchmarks.command import Shared

app = typer.Typer(
    name="python -m benchmarks",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Measure the server under load, beside its peers and bare loops.",
    epilog="A table goes to standard error, a line of JSON to standard output. Servers are started on free ports of "
    "loopback and always ended. Examples:\n\n  python -m benchmarks load --engine tesseract --seconds 20\n\n"
    "  python -m benchmarks load --http http://127.0.0.1:3000 --engine auto --rate 2 --seconds 60\n\n"
    "  python -m benchmarks --save --plot speed.png speed --engine paddle\n\n  python -m benchmarks report",
)


@app.callback()
def _shared(
    context: typer.Context,
    save: Annotated[bool, typer.Option("--save", help="Append the record to benchmarks/results.jsonl.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw the record to this PNG.")] = None,
    cores: Annotated[int, typer.Option(min=0, help="Use only so many cores, for all together. 0 for all.")] = 0,
) -> None:
    """Options before the command."""
    if cores:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])  # inherited by all that is started
    context.obj = Shared(save, plot)


app.command("all")(everything.command)
app.command("load")(any_server.command)
app.command("speed")(speed.command)
app.command("overhead")(overhead.command)
app.command("overload")(overload.command)
app.command("soak")(soak.command)
app.command("chaos")(chaos.command)
app.command("fairness")(fairness.command)
app.command("hostile")(hostile.command)
app.command("bulk")(bulk.command)
app.command("bulk-speed")(bulk.speed)
app.command("label-studio")(label_studio.command)
app.command("accuracy")(accuracy.command)
app.command("recogniser")(recogniser.command)
app.command("peers")(peers.command)
app.command("report")(report.command)

if __name__ == "__main__":
    app()
