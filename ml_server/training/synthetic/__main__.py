"""``python -m ml_server.training.synthetic OUT``: write a set of synthetic pages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ml_server.training.synthetic.generate import Run, generate, pages_written
from ml_server.training.synthetic.render import BrowserMissing


def main(
    out: Annotated[Path, typer.Argument(help="Folder to write to; a run that was stopped goes on where it was.")],
    pages: Annotated[int, typer.Option(min=1, help="Number of pages.")] = 1000,
    seed: Annotated[int, typer.Option(help="Page i depends on the seed and on i alone.")] = 0,
    processes: Annotated[int, typer.Option(min=1, help="Browsers at work.")] = 2,
    images: Annotated[float, typer.Option(min=0, max=1, help="Fraction of the pages that get a picture.")] = 0.0,
    funsd: Annotated[bool, typer.Option("--funsd", help="FUNSD's folders instead of JSON lines.")] = False,
    scan: Annotated[bool, typer.Option("--scan/--clean", help="Pages as a scanner gives them: askew, faded.")] = True,
    english: Annotated[float, typer.Option(min=0, help="Weight of English pages.")] = 50,
    korean: Annotated[float, typer.Option(min=0, help="Weight of Korean pages.")] = 40,
    mixed: Annotated[float, typer.Option(min=0, help="Weight of pages in both languages.")] = 10,
) -> None:
    """Write synthetic business documents with their entities and links."""
    console = Console()
    run = Run(out, pages, seed, images, funsd, scan, (english, korean, mixed))
    pages_there = pages_written(run)
    columns = (TextColumn("pages"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("pages", total=pages)
            progress.update(task, completed=pages_there)
            written = generate(run, processes, lambda done: progress.update(task, completed=pages_there + done))
    except (BrowserMissing, ValueError) as error:
        console.print(f"[red]{error}")
        raise typer.Exit(2) from error
    console.print(f"{written} pages written to {out}, {pages_there} were there already")


if __name__ == "__main__":
    typer.run(main)
