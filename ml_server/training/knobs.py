"""What shapes a training run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from ml_server.training.augment import Noise


@dataclass(frozen=True, slots=True)
class Knobs:
    """Everything that shapes a run.

    Attributes:
        epochs: passes over the pages.
        task: ``joint``, ``ser`` alone, or ``re`` alone with the encoder left as it is.
        batch_pieces: padded pieces in one step; a step of one page may have more.
        learning_rate: peak, of the encoder.
        head_learning_rate: peak, of what is ours beside it.
        warm_up: share of the steps in which the rates rise; they then fall as a half cosine to 0.
        weight_decay: of matrices.
        relation_weight: of the relation loss beside the labelling loss.
        unknown: share of pieces hidden from the network, so that it looks at layout too.
        dropout: in the encoder.
        noise: see :class:`Noise`.
        size: most pieces of a page; of longer ones a random part is taken.
        validate_every: epochs between looks at the held-out pages; may be a fraction.
        patience: looks without a better one before the run ends early.
        checkpoint_every_s: seconds between checkpoints.
        seed: of everything random.
    """

    epochs: float = 30
    task: Literal["joint", "ser", "re"] = "joint"
    batch_pieces: int = 2048
    learning_rate: float = 2e-4
    head_learning_rate: float = 1e-3
    warm_up: float = 0.06
    weight_decay: float = 0.01
    relation_weight: float = 0.5
    unknown: float = 0.08
    dropout: float = 0.1
    noise: Noise = field(default_factory=Noise)
    size: int = 512
    validate_every: float = 1.0
    patience: int = 8
    checkpoint_every_s: float = 120
    seed: int = 7
