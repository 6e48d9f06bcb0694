"""The shipped model's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from ml_server.training.examples import TAGS
from ml_server.training.knobs import Knobs
from ml_server.training.model_card import ModelCard, TrainingData

DESCRIPTION = """\
Finds HEADER, QUESTION and ANSWER entities among the words that any OCR engine read, and links answers to questions and
questions to headers, on Korean, English and mixed business documents. There is no list of fields.

A `LayoutLMForTokenClassification` (transformers loads it as it is), and beside it a spatial attention bias and a
relation head of ours in `ml_server.safetensors`. Words are cut in lower case; how they are written is given as token
type. Made by `python -m ml_server.training.shipped` from package registries alone."""

TIME = """\
Training took {total} on CPU ({each}).
Every round has pages of its own and begins where the one before ended; the settings below are those of the last."""

LIMITS = """\
* Trained on generated documents only: no real form was seen. Fine-tune on forms of your own with `ml-server train`.
* Handwriting, languages other than Korean and English, and free prose with facts in it are not what it was made for.
* Column headings of a table that stand close together are sometimes taken for one.
* A page is labelled in windows of 510 pieces (about 250 words) that overlap; relations see the whole page."""


def shipped_card(
    version: str,
    pages: int,
    read: int,
    knobs: Knobs,
    metrics: Mapping[str, float],
    seconds: Mapping[str, float],
) -> ModelCard:
    """What is said of the shipped model.

    Args:
        version: of the weights.
        pages: generated pages trained on, in all rounds.
        read: of the same generator, as our engines read them.
        knobs: of the last round.
        metrics: on generated pages held out.
        seconds: that the training took, by round; without making the pages.
    """
    of_each = ", ".join(f"{name} {_took(each)}" for name, each in seconds.items())
    taken = TIME.format(total=_took(sum(seconds.values())), each=of_each)
    return ModelCard(
        name="ml_server key values",
        version=version,
        licence="apache-2.0",
        base_model="intfloat/multilingual-e5-small",
        languages=("ko", "en"),
        labels=tuple(dict.fromkeys(tag[2:] for tag in TAGS if tag != "O")),
        data=(
            TrainingData("ml_server.training.synthetic", pages, "apache-2.0"),
            TrainingData("ml_server.training.synthetic, read by our OCR engines", read, "apache-2.0"),
        ),
        metrics=metrics,
        measured_on="200 generated pages held out; docs/key_values.md has the figures on real forms",
        training={key: value for key, value in asdict(knobs).items() if key != "noise"},
        description=f"{DESCRIPTION}\n\n{taken}",
        limits=LIMITS,
    )


def _took(seconds: float) -> str:
    """``58 min``, ``2 h 29 min``."""
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
