"""One training run from folders to a folder: data, split, training, model card."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from ml_server import languages
from ml_server.cores import openmp_threads
from ml_server.engines.layoutlm import model_source
from ml_server.engines.layoutlm.licence import is_free
from ml_server.engines.layoutlm.model import OURS
from ml_server.errors import InvalidRequest
from ml_server.settings import usable_cores
from ml_server.training.examples import TAGS, labelled
from ml_server.training.forms import read_forms, split
from ml_server.training.kept import is_finished
from ml_server.training.knobs import Knobs
from ml_server.training.model_card import ModelCard, TrainingData
from ml_server.training.train import Progress, train

Say = Callable[[str], None]
"""Called with a line that people shall see before it begins."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to train on what.

    Attributes:
        folders: FUNSD folders or ``jsonl``.
        out: the model's folder.
        start: model to start from, as :func:`model_source.resolve` takes it.
        allow_noncommercial: see there.
        held_out: share of the pages to judge on, 0..0.9.
        threads: CPU threads; None for all cores.
        name: in the model card.
        version: in the model card and in results.
        licence: SPDX name; empty if nobody said.
        overwrite: put the new model over a finished one in ``out``, and begin anew over another run's checkpoint.
        knobs: of the trainer.
    """

    folders: tuple[Path, ...]
    out: Path
    start: str = ""
    allow_noncommercial: bool = False
    held_out: float = 0.1
    threads: int | None = None
    name: str = "key-values"
    version: str = "1"
    licence: str = ""
    overwrite: bool = False
    knobs: Knobs = field(default_factory=Knobs)


def run(plan: Plan, progress: Progress, say: Say = lambda line: None) -> str:
    """Train, write the model with its card, and say how it went.

    Raises:
        InvalidRequest: no pages, a damaged file, or a finished model where the new one is to be.
        EngineUnavailable: the model to start from is not here, is none of ours, or its licence is refused.
    """
    torch.set_num_threads(openmp_threads(plan.threads or usable_cores()))
    sets = {folder: read_forms(folder) for folder in plan.folders}
    forms = [form for found in sets.values() for form in found if form.entities]
    if not forms:
        raise InvalidRequest("no annotated pages to train on")
    if plan.out.exists() and plan.out.resolve() == Path(plan.start or "/dev/null").resolve():
        raise InvalidRequest(f"{plan.out} is the model to start from; write to another folder")
    if is_finished(plan.out) and not plan.overwrite:
        raise InvalidRequest(
            f"{plan.out} holds a finished model; replace it with --overwrite, or write to another folder"
        )
    source = model_source.resolve(plan.start, allow_noncommercial=plan.allow_noncommercial)
    licence = _licence(plan, source)
    kept, judged = split(forms, plan.held_out, plan.knobs.seed)
    if not kept:
        raise InvalidRequest(f"{len(forms)} page(s), all held out; give more, or --held-out 0")
    trained_on = {id(form) for form in kept}
    say(f"starts from {_named(source)}, on {len(kept)} pages; {len(judged)} held out")
    if plan.knobs.task == "ser" and _has_relations(source.path):
        say(
            "warning: labels alone move the encoder under links that stay as they were learnt; links may get worse. "
            "Where the pages have links, the task joint trains both"
        )
    scores = train(
        [labelled(form) for form in kept],
        [labelled(form) for form in judged],
        source.path,
        plan.out,
        plan.knobs,
        plan.version,
        progress,
        overwrite=plan.overwrite,
    )
    measured = {"SER F1": scores.ser_f1, "RE F1": scores.re_f1, "header RE F1": scores.header_f1} if judged else {}
    ModelCard(
        name=plan.name,
        version=plan.version,
        licence=licence,
        base_model=_named(source),
        languages=tuple(languages.parse(name)[0].codes[0] for name in source.languages) or ("ko", "en"),
        labels=tuple(dict.fromkeys(tag[2:] for tag in TAGS if tag != "O")),
        data=tuple(
            TrainingData(folder.resolve().name, sum(id(form) in trained_on for form in found))
            for folder, found in sets.items()
        ),
        metrics=measured,
        measured_on=f"{len(judged)} pages held out of the same folders"
        if judged
        else "nothing: no pages were held out",
        training={key: value for key, value in asdict(plan.knobs).items() if key != "noise"},
    ).write(plan.out)
    shown = "  ".join(f"{name} {value:.3f}" for name, value in measured.items())
    return f"{len(kept)} pages trained on, {len(judged)} held out. {shown}".strip()


def _named(source: model_source.ModelFolder) -> str:
    return f"{source.name} {source.version}".strip()


def _has_relations(folder: Path) -> bool:
    """Whether a model brings a trained relation head."""
    stated = folder / f"{OURS}.json"
    return stated.is_file() and bool(json.loads(stated.read_text()).get("relation_head"))


def _licence(plan: Plan, source: model_source.ModelFolder) -> str:
    """The new weights' licence: what was asked for, unless the weights they start from forbid more.

    Raises:
        InvalidRequest: another licence was asked for than that of weights which are not free.
    """
    if not source.licence or is_free(source.licence):
        return plan.licence
    if plan.licence and plan.licence.lower() != source.licence:
        raise InvalidRequest(f"{source.name} is under {source.licence}; what is trained from it stays under it")
    return source.licence
