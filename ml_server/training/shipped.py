"""How the shipped model is made, from nothing but package registries: ``python -m ml_server.training.shipped WORK``.

Every step leaves its result in WORK and is skipped where it is there, so a run that was stopped goes on. How long each
took when the shipped weights were made stands in docs/key_values.md, and of the trainings on the model card.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ml_server.training.augment import Noise
from ml_server.training.knobs import Knobs

if TYPE_CHECKING:
    from ml_server.training.examples import LabelledPage

PAGES, PICTURES, HELD_OUT = 9000, 240, 200
SEED = 20261121
FILES = (
    "README.md",
    "config.json",
    "model.safetensors",
    "ml_server.json",
    "ml_server.safetensors",
    "tokenizer.json",
    "curve.json",
)
KNOBS = Knobs(
    epochs=2,
    learning_rate=3e-4,
    head_learning_rate=1e-3,
    batch_pieces=2048,
    warm_up=0.05,
    validate_every=0.25,
    patience=99,
    noise=Noise(lines=0.3, split=0.3, confused_pages=0.2),
    seed=SEED,
)


@dataclass(frozen=True, slots=True)
class Round:
    """Pages of its own, and training on them from where the round before ended.

    Attributes:
        name: of its folder.
        version: of the weights that come out.
        knobs: of the trainer; the pages have its seed too.
    """

    name: str
    version: str
    knobs: Knobs


# The second sees new pages, more of them in the order of OCR's lines.
ROUNDS = (
    Round("round1", "1.2.0", replace(KNOBS, epochs=2.5, noise=replace(KNOBS.noise, lines=0.4), seed=SEED + 2)),
    Round(
        "round2",
        "1.3.0",
        replace(
            KNOBS,
            epochs=0.6,
            learning_rate=1.5e-4,
            head_learning_rate=4e-4,
            noise=replace(KNOBS.noise, lines=0.5),
            seed=SEED + 4,
        ),
    ),
)


def main(
    work: Annotated[Path, typer.Argument(help="folder for everything that is made; about 200 MB")],
    install: Annotated[bool, typer.Option("--install", help="put the model into the package at the end")] = False,
) -> None:
    """Base model; then in every round documents, reading part of them, training, model card."""
    # Two threads that wait actively stop each other whenever a third program wants a core.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    console = Console(stderr=True)
    work.mkdir(parents=True, exist_ok=True)

    from ml_server.training import base_model

    start = work / "base"
    if not (start / "config.json").is_file():
        with _step(console, "base model"):
            base_model.main(start)
    for number, each in enumerate(ROUNDS, 1):
        if not (work / each.name / "model" / "README.md").is_file():
            _go_round(ROUNDS[:number], start, work / each.name, console)
        start = work / each.name / "model"
    if install:
        from ml_server.engines.layoutlm.model_source import SHIPPED

        SHIPPED.mkdir(exist_ok=True)
        for name in FILES:
            shutil.copy(start / name, SHIPPED)
        console.print(f"installed into {SHIPPED}")


def _go_round(rounds: Sequence[Round], start: Path, work: Path, console: Console) -> None:
    """The last of ``rounds``; the others are done."""
    from ml_server.training import ocr_noise
    from ml_server.training.kept import is_finished
    from ml_server.training.synthetic.generate import Run, generate

    name, seed = rounds[-1].name, rounds[-1].knobs.seed
    with _step(console, f"{name}: pages"):
        generate(Run(work / "pages", PAGES, seed, scan=True))
    with _step(console, f"{name}: pages with pictures"):
        generate(Run(work / "pictures", PICTURES, seed + 1, images=1.0, scan=True))
    with _step(console, f"{name}: reading the pictures"):
        ocr_noise.read_pictures(work / "pictures", work / "read.jsonl")
    if not is_finished(work / "model"):
        with _step(console, f"{name}: training"):
            _train(rounds[-1], start, work, console)
    with _step(console, f"{name}: card"):
        _write_card(rounds, work, console)


def _train(each: Round, start: Path, work: Path, console: Console) -> None:
    import torch

    from ml_server.cores import openmp_threads
    from ml_server.settings import usable_cores
    from ml_server.training.train import train

    torch.set_num_threads(openmp_threads(usable_cores()))
    clean, read = _pages(work)
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, TextColumn("{task.description}"), console=console) as progress:
        bar = progress.add_task("", total=None)

        def show(step: int, steps: int, line: str) -> None:
            progress.update(bar, completed=step, total=steps, description=line)

        held_out, kept = clean[:HELD_OUT], clean[HELD_OUT:]
        train([*kept, *read], held_out, start, work / "model", each.knobs, each.version, show)


def _write_card(rounds: Sequence[Round], work: Path, console: Console) -> None:
    """Judge the last round's model and write its card; how long each round trained stands in its ``curve.json``."""
    from ml_server.engines.layoutlm.model import load
    from ml_server.engines.layoutlm.tokenizer import load_tokenizer
    from ml_server.training.card import shipped_card
    from ml_server.training.validation import validate

    model, each = work / "model", rounds[-1]
    clean, read = _pages(work)
    scores = validate(load(model), load_tokenizer(model), clean[:HELD_OUT])
    console.print(f"on {HELD_OUT} generated pages held out: {asdict(scores)}")
    seconds = {
        done.name: json.loads((work.parent / done.name / "model" / "curve.json").read_text())[-1]["seconds"]
        for done in rounds
    }
    seen = sum(min(done.knobs.epochs, 1) for done in rounds)
    shipped_card(
        each.version,
        round(seen * (len(clean) - HELD_OUT)),
        round(seen * len(read)),
        each.knobs,
        {"SER F1": scores.ser_f1, "RE F1": scores.re_f1, "header RE F1": scores.header_f1},
        seconds,
    ).write(model)


def _pages(work: Path) -> tuple[list[LabelledPage], list[LabelledPage]]:
    """Generated pages, and those that engines read."""
    from ml_server.training.examples import labelled
    from ml_server.training.forms import read_forms

    clean, read = ([labelled(form) for form in read_forms(work / name)] for name in ("pages", "read.jsonl"))
    return clean, read


class _step:  # noqa: N801 - reads as a statement
    """Say what is being done, and how long it took."""

    def __init__(self, console: Console, name: str) -> None:
        self._console, self._name = console, name

    def __enter__(self) -> None:
        self._began = time.monotonic()
        self._console.print(f"{self._name} …")

    def __exit__(self, *_: object) -> None:
        self._console.print(f"{self._name}: {time.monotonic() - self._began:.0f} s")


if __name__ == "__main__":
    typer.run(main)
