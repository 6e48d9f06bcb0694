"""How the shipped Korean recogniser is made: ``python -m ml_server.training.recognition.shipped WORK``.

From nothing but package registries and Debian's fonts: the released PP-OCRv6 small recogniser, a head that knows
Hangul, lines of our own generator; then a second round for marks and Hanja (``rounds.py``). Every round leaves its
result in WORK and is skipped where it is there; a round that was stopped goes on from its last checkpoint.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ml_server.errors import MLServerError


def main(
    work: Annotated[Path, typer.Argument(help="folder for checkpoints, curves and models; about 160 MB")],
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="optimiser steps of each round, for a trial; by default those of the shipped weights"),
    ] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="how many of the rounds; by default those of the shipped weights")
    ] = None,
    install: Annotated[bool, typer.Option("--install", help="put the model into the package at the end")] = False,
) -> None:
    """Train and export the Korean and English recogniser."""
    # Two threads that wait actively stop each other whenever a third program wants a core; torch reads this once.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from ml_server.training.recognition.make import make

    console = Console(stderr=True)
    try:
        make(work, console, number=rounds, steps=steps, install=install)
    except MLServerError as error:
        console.print(f"[red]{error.message}")
        raise typer.Exit(2) from error


if __name__ == "__main__":
    typer.run(main)
