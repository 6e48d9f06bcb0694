"""Weights drawn back towards those of the first round."""

from __future__ import annotations

from pathlib import Path

import torch

from ml_server.training.recognition import alphabet
from ml_server.training.recognition.fit import Recogniser
from ml_server.training.recognition.network import read_body, read_head


def draw_back(model: Recogniser, first: Path, share: float) -> None:
    """Move every weight that the first round knew by ``share`` of the way to what it was then.

    A model that was trained on from another one and is averaged with it keeps most of what it learnt and gets back most
    of what it lost: Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (WiSE-FT), whose alpha is 1 - share.
    Rows of characters that the first round's classifier lacks stay as they are.

    Args:
        model: changed in place.
        first: the first round's export.
        share: 0, nothing changes, to 1, all is as it was.
    """
    weight, bias, known = read_head(first)
    codes = alphabet.codes()
    # The blank is class 0 everywhere, the space the last class.
    classes = torch.tensor([0, *(codes[character] for character in [*known, " "])])
    rows = torch.from_numpy(weight) - model.head.rows().detach()[classes]
    body, before = model.body.state_dict(), read_body(first).state_dict()
    with torch.no_grad():
        model.head.own[classes] += share * rows
        model.head.bias[classes] += share * (torch.from_numpy(bias) - model.head.bias[classes])
        for name, value in body.items():
            if value.is_floating_point():
                value.lerp_(before[name], share)
