"""The rounds of the recipe: lines of its own each, and training on them from where the round before ended."""

from __future__ import annotations

from dataclasses import dataclass

from ml_server.training.recognition.fit import Knobs
from ml_server.training.recognition.texts import Blend

SEED = 20261121


@dataclass(frozen=True, slots=True)
class Round:
    """One of them.

    Attributes:
        name: of its folder.
        version: of the weights that come out.
        knobs: of the training; its lines have its seed.
        blend: of its lines.
        drawn_back: how far it begins on the straight line from where the round before ended, 0, to where the first
            ended, 1 (see :func:`ml_server.training.recognition.drawn_back.draw_back`).
        floor: of the characters held out, in lines of the first round's blend, that must be right before anything is
            installed.
    """

    name: str
    version: str
    knobs: Knobs
    blend: Blend
    floor: float
    drawn_back: float = 0.0


# English needs to be kept rather than learnt.
_PLAIN = Blend(english=0.28, mixed=0.15, syllables=0.08)

# The first knows most marks and Hanja by name only: text as documents have it holds a dozen of each. The next three are
# made of them for a half to a quarter, and read them at the price of some English. The last begins half-way back to the
# first, with half as many of them; docs/korean_recogniser.md has the figures.
ROUNDS = (
    Round("round1", "1.0.0", Knobs(steps=3000, seed=SEED), _PLAIN, 0.95),
    Round(
        "round2",
        "1.1.0",
        Knobs(steps=450, frozen=0.04, kept=6, body_rate=1.5e-4, head_rate=1.5e-3, validate_every=150, seed=SEED + 2),
        Blend(english=0.18, mixed=0.08, syllables=0.05, marks=0.4, hanja=0.12),
        0.95,
    ),
    Round(
        "round3",
        "1.2.0",
        Knobs(steps=450, frozen=0.0, kept=6, body_rate=1.5e-4, head_rate=1e-3, validate_every=225, seed=SEED + 3),
        Blend(english=0.23, mixed=0.1, syllables=0.06, marks=0.22, hanja=0.15),
        0.95,
    ),
    Round(
        "round4",
        "1.3.0",
        Knobs(steps=260, frozen=0.0, kept=6, body_rate=1.2e-4, head_rate=6e-4, validate_every=260, seed=SEED + 4),
        Blend(english=0.33, mixed=0.13, syllables=0.05, marks=0.15, hanja=0.08),
        0.95,
    ),
    Round(
        "round5",
        "1.4.0",
        Knobs(
            steps=900,
            frozen=0.0,
            kept=6,
            warm_up=0.05,
            body_rate=8e-5,
            head_rate=5e-4,
            validate_every=150,
            seed=SEED + 5,
        ),
        Blend(english=0.34, mixed=0.12, syllables=0.07, marks=0.15, hanja=0.07),
        0.95,
        drawn_back=0.5,
    ),
)
SHIPPED_ROUNDS = 5
"""How many of them the weights in the package went through."""
