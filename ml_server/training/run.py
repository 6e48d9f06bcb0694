"""One training run from folders to a folder: data, split, training, model card."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from ml_server import languages
from ml_server.cores import openmp_threads
from ml_server.engines.layoutlm import model_source
from ml_server.engines.layoutlm.licence import is_free
from ml_server.errors import EngineUnavailable, InvalidRequest
from ml_server.settings import usable_cores
from ml_server.training.examples import TAGS, labelled
from ml_server.training.forms import read_forms, split
from ml_server.training.model_card import ModelCard, TrainingData
from ml_server.training.train import Knobs, Progress, train


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
    knobs: Knobs = field(default_factory=Knobs)


def run(plan: Plan, progress: Progress) -> str:
    """Train, write the model with its card, and say how it went.

    Raises:
        InvalidRequest: no pages, or a damaged file.
        EngineUnavailable: the model to start from is not here, is none of ours, or its licence is refused.
    """
    torch.set_num_threads(openmp_threads(plan.threads or usable_cores()))
    sets = {folder: read_forms(folder) for folder in plan.folders}
    forms = [form for found in sets.values() for form in found if form.entities]
    if not forms:
        raise InvalidRequest("no annotated pages to train on")
    if plan.out.exists() and plan.out.resolve() == Path(plan.start or "/dev/null").resolve():
        raise InvalidRequest(f"{plan.out} is the model to start from; write to another folder")
    source = model_source.resolve(plan.start, allow_noncommercial=plan.allow_noncommercial)
    if not (source.path / "tokenizer.json").is_file():
        raise EngineUnavailable(f"{source.path}: no tokenizer.json beside the model")
    licence = _licence(plan, source)
    kept, judged = split(forms, plan.held_out, plan.knobs.seed)
    if not kept:
        raise InvalidRequest(f"{len(forms)} page(s), all held out; give more, or --held-out 0")
    trained_on = {id(form) for form in kept}
    scores = train(
        [labelled(form) for form in kept],
        [labelled(form) for form in judged],
        source.path,
        plan.out,
        plan.knobs,
        plan.version,
        progress,
    )
    measured = {"SER F1": scores.ser_f1, "RE F1": scores.re_f1, "header RE F1": scores.header_f1} if judged else {}
    ModelCard(
        name=plan.name,
        version=plan.version,
        licence=licence,
        base_model=f"{source.name} {source.version}".strip(),
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
