"""The classifier: one row a character, the rows of Hangul syllables made of what their letters share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ml_server.training.recognition.alphabet import FIRST_SYLLABLE, LAST_SYLLABLE
from ml_server.training.recognition.network import FEATURES

# Unicode's composition of a syllable: ((lead * 21) + vowel) * 28 + tail (The Unicode Standard, 3.12).
_LEADS, _VOWELS, _TAILS = 19, 21, 28


class Head(nn.Module):
    """Features to logits over the blank (class 0) and the characters.

    A syllable's row is its own row plus one of its lead, one of its vowel and one of its tail, so what is learnt from
    a common syllable serves the 8,822 that hardly occur. Once trained the sums are the rows of an ordinary matrix.

    Args:
        characters: of classes 1 and up.
        known: the characters of a trained classifier, of its classes 1 and up; their rows are taken over.
        weight: its (classes, 120).
        bias: its (classes,).
    """

    def __init__(
        self,
        characters: Sequence[str],
        known: Sequence[str],
        weight: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
    ) -> None:
        super().__init__()
        at = {character: index for index, character in enumerate([*known, " "], 1)}
        rows = np.zeros((len(characters) + 1, FEATURES), np.float32)
        biases = np.full(len(characters) + 1, float(bias[1:].mean()), np.float32)
        rows[0], biases[0] = weight[0], bias[0]
        generator = np.random.default_rng(0)
        # Beside syllables that are known already, chance would be read where nothing of the kind stands.
        spread = 0.0 if "가" in at else float(weight[1:].std())
        for index, character in enumerate(characters, 1):
            old = at.get(character)
            if old is not None:
                rows[index], biases[index] = weight[old], bias[old]
            elif not _is_syllable(character):
                rows[index] = generator.normal(0, spread, FEATURES)
        self.own = nn.Parameter(torch.from_numpy(rows))
        self.bias = nn.Parameter(torch.from_numpy(biases))
        letters = generator.normal(0, spread / 3**0.5, (_LEADS + _VOWELS + _TAILS, FEATURES))
        self.letters = nn.Parameter(torch.from_numpy(letters.astype(np.float32)))
        syllables = [(i, ord(c) - FIRST_SYLLABLE) for i, c in enumerate(characters, 1) if _is_syllable(c)]
        classes, codes = (torch.tensor(column) for column in zip(*syllables, strict=True))
        lead, rest = codes // (_VOWELS * _TAILS), codes % (_VOWELS * _TAILS)
        parts = torch.stack([lead, _LEADS + rest // _TAILS, _LEADS + _VOWELS + rest % _TAILS], 1)
        self.register_buffer("_classes", classes, persistent=False)
        self.register_buffer("_parts", parts, persistent=False)

    def rows(self) -> Tensor:
        """The matrix: (classes, 120)."""
        shared = self.letters[self._parts].sum(1)  # type: ignore[index]
        return self.own.index_add(0, self._classes, shared)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        """(lines, steps, 120) to logits (lines, steps, classes)."""
        return nn.functional.linear(features, self.rows().to(features.dtype), self.bias.to(features.dtype))


def _is_syllable(character: str) -> bool:
    return FIRST_SYLLABLE <= ord(character) <= LAST_SYLLABLE
