"""Fine-tune the version that serves on corrected documents: split, train, compare, keep, promote."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.layoutlm import model_source
from ml_server.errors import InvalidRequest
from ml_server.models import documents, promotion
from ml_server.models.serving import ServingFile, state_folder
from ml_server.models.store import Facts, ModelStore, ModelVersion
from ml_server.settings import Settings, usable_cores
from ml_server.training.evaluate import Advance
from ml_server.training.forms import Form, read_forms

Tell = Callable[[str, int, int, str], None]
"""Called with the step (``train``, ``judge``, ``keep``), how far it is, of how much, and a line for people."""
Say = Callable[[str], None]
"""Called with a line that people shall see and keep, as a warning."""

_VALIDATION = 0.15
"""Share of the training documents that picks the best moment of a run. The held-out ones must not: they judge."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to make.

    Attributes:
        folders: of annotated documents, as :func:`read_forms` takes them.
        work: for what is made on the way; a run that was stopped goes on from there.
        data: where the documents came from, for people and the card.
        start: version to start from; empty for the one that serves.
        held_out: share of the documents to judge on, above 0.
        epochs: passes over the others.
        task: see :class:`~ml_server.training.knobs.Knobs`, as for the three below.
        learning_rate: peak, of the encoder.
        patience: looks without a better one before the run ends early.
        seed: of everything random in the training.
        threads: CPU threads; None for all cores.
        version: the new one's name; empty for the time and the documents' fingerprint.
        promote: let it serve if it does not lose against the version that serves alone.
        licence: SPDX name of the new weights' licence; empty for that of the weights it starts from.
    """

    folders: tuple[Path, ...]
    work: Path
    data: str
    start: str = ""
    held_out: float = 0.2
    epochs: float = 24.0
    task: Literal["joint", "ser", "re"] = "joint"
    learning_rate: float = 2e-4
    patience: int = 10
    seed: int = 7
    threads: int | None = None
    version: str = ""
    promote: bool = True
    licence: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """Attributes: the new version; whether it serves now; what came out, for people."""

    version: ModelVersion
    promoted: bool
    message: str


def fine_tune(recipe: Recipe, settings: Settings, tell: Tell, say: Say) -> Made:
    """Do it all in this process, which must not have PaddleOCR in it.

    Raises:
        InvalidRequest: too few documents, a damaged one, a version to start from that is not there, or a name that is
            taken or none.
        EngineUnavailable: the model to start from cannot be loaded or its licence is refused.
    """
    from ml_server.training.knobs import Knobs
    from ml_server.training.run import Plan, run

    if recipe.held_out <= 0:
        raise InvalidRequest("a version is judged on documents held out: their share must be above 0")
    store, file = ModelStore(settings.model_store), ServingFile.of(settings)
    serving = "" if settings.key_value_model else file.read().version
    start, parent = _start(recipe, settings, store, serving)
    forms = [form for folder in recipe.folders for form in read_forms(folder) if form.entities]
    kept, judged = documents.split_by_content(forms, recipe.held_out)
    if len(kept) < 2 or not judged:
        raise InvalidRequest(
            f"{len(forms)} annotated document(s), {len(kept)} of them to train on and {len(judged)} to judge on: "
            "at least 3 different ones are needed"
        )
    seen = documents.fingerprint(kept)
    version = _version(recipe, store, seen)
    tell("train", 0, 0, f"{len(kept)} documents to train on, {len(judged)} held out, from {parent}")
    run(
        Plan(
            folders=(documents.write_jsonl(kept, recipe.work / f"{recipe.data}.jsonl"),),
            out=recipe.work / "model",
            start=start,
            allow_noncommercial=settings.allow_noncommercial,
            held_out=_VALIDATION,
            threads=recipe.threads,
            name=store.name,
            version=version,
            licence=recipe.licence or _licence(start, settings),
            overwrite=True,  # the folder is this run's own; it was stopped after the training, before it was kept
            knobs=Knobs(
                epochs=recipe.epochs,
                task=recipe.task,
                learning_rate=recipe.learning_rate,
                patience=recipe.patience,
                seed=recipe.seed,
            ),
        ),
        lambda step, steps, line: tell("train", step, steps, line),
        say,
    )
    current = settings.key_value_model or serving
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        tell("judge", done, 6 * len(judged), f"{version} and {current} on {len(judged)} documents")

    metrics = _judged(judged, str(recipe.work / "model"), settings, recipe.threads, advance)
    serves = settings.key_value_model or store.get(serving).reference
    against = _judged(judged, serves, settings, recipe.threads, advance)
    tell("keep", 0, 0, version)
    facts = Facts(
        parent=parent,
        data=recipe.data,
        documents=len(kept),
        fingerprint=seen,
        held_out=documents.fingerprint(judged),
        held_out_documents=len(judged),
        metrics=metrics,
        compared=current,
        compared_metrics=against,
    )
    documents.write_jsonl(judged, held_out_file(settings, facts.held_out))
    made = store.add(recipe.work / "model", facts, version)
    figures = promotion.compared(made.version, metrics, current, against)
    if promotion.loses(metrics, against):
        return Made(made, False, f"kept, not promoted: it loses on {len(judged)} documents held out. {figures}")
    if not recipe.promote or settings.key_value_model:
        why = "the server is bound to its model by ML_SERVER_KEY_VALUE_MODEL" if recipe.promote else "as asked"
        return Made(made, False, f"kept, not promoted, {why}. {figures}")
    with file.changing() as now:
        if now.shared:
            return Made(made, False, f"kept, not promoted: traffic is shared with {now.shared}. {figures}")
        if now.version != current:
            return Made(made, False, f"kept, not promoted: {now.version} serves since, compare with that. {figures}")
        file.write(now.promoted(made.version, f"trained on {recipe.data}, not worse on {len(judged)} held out"))
    return Made(made, True, f"serves now. {figures}")


def compare(version: ModelVersion, forms: Sequence[Form], settings: Settings, advance: Advance) -> Facts:
    """The facts of a version after it and the version that serves were judged on the same documents.

    Args:
        version: that may be promoted.
        forms: not empty.
        settings: name the store.
        advance: sees every document six times.

    Raises:
        EngineUnavailable: one of them cannot be loaded.
    """
    serving = ModelStore(settings.model_store).get(ServingFile.of(settings).read().version)
    return replace(
        version.facts,
        held_out=documents.fingerprint(forms),
        held_out_documents=len(forms),
        metrics=_judged(forms, version.reference, settings, None, advance),
        compared=serving.version,
        compared_metrics=_judged(forms, serving.reference, settings, None, advance),
    )


def held_out_file(settings: Settings, fingerprint: str) -> Path:
    """Where the documents are that a version was judged on: beside the store, as nobody shall find them in a model."""
    return state_folder(settings) / "held_out" / f"{fingerprint}.jsonl"


def _start(recipe: Recipe, settings: Settings, store: ModelStore, serving: str) -> tuple[str, str]:
    """What to start from, as a reference and as the new version's parent."""
    if not recipe.start and settings.key_value_model:
        return settings.key_value_model, settings.key_value_model
    found = store.get(recipe.start or serving)
    return found.reference, found.version


def _version(recipe: Recipe, store: ModelStore, seen: str) -> str:
    """A new version's name; the same again for a run that goes on. What other documents left behind is removed."""
    if recipe.version:
        store.check_new(recipe.version)  # now and not after minutes of training
    note = recipe.work / "version.txt"
    before, _, of = note.read_text(encoding="utf-8").partition(" ") if note.is_file() else ("", "", "")
    goes_on = of == seen and before not in {each.version for each in store.list()}
    version = recipe.version or (before if goes_on else store.new_version(seen))
    if not goes_on:
        shutil.rmtree(recipe.work / "model", ignore_errors=True)
    recipe.work.mkdir(parents=True, exist_ok=True)
    note.write_text(f"{version} {seen}", encoding="utf-8")
    return version


def _licence(start: str, settings: Settings) -> str:
    return model_source.resolve(start, allow_noncommercial=settings.allow_noncommercial).licence


def _judged(
    forms: Sequence[Form], model: str, settings: Settings, threads: int | None, advance: Advance
) -> dict[str, float]:
    config = ExtractorConfig(
        model, settings.device, threads or usable_cores(), allow_noncommercial=settings.allow_noncommercial
    )
    return promotion.measure(forms, config, settings.key_value_extractor, advance)
