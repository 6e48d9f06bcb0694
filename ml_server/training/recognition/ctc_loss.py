"""Connectionist temporal classification over 12,000 classes, at the price of the few that a line has."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def ctc_loss(logits: Tensor, targets: list[Tensor]) -> Tensor:
    """Mean negative log-likelihood per character of a batch of lines.

    Only the blank and a line's own characters enter the recursion, and one more class that holds the probability of
    all others, so that the classes still sum to one as ``torch.nn.functional.ctc_loss`` expects of its input. The
    gradient is that of the loss over all classes.

    Args:
        logits: (lines, steps, classes), any floating type; class 0 is the blank.
        targets: for each line its classes, int64, at least one, steps enough for them.
    """
    device = logits.device
    local, local_targets, lengths = _renumbered(targets, device)
    total = torch.logsumexp(logits.float(), -1, keepdim=True)
    chosen = logits.gather(-1, local[:, None].expand(-1, logits.shape[1], -1)).float() - total
    # What pads a line's list of classes is the blank again, and must not count twice.
    chosen = chosen.masked_fill(_padding(local)[:, None], -torch.inf)
    rest = torch.log1p(-chosen.exp().sum(-1, keepdim=True).clamp(max=1 - 1e-6))
    log_probabilities = torch.cat([chosen.clamp(min=-1e4), rest], -1).transpose(0, 1)
    steps = torch.full((len(targets),), logits.shape[1], dtype=torch.int64, device=device)
    losses = functional.ctc_loss(
        log_probabilities, local_targets, steps, lengths, blank=0, reduction="none", zero_infinity=True
    )
    return losses.sum() / lengths.sum()


def _renumbered(targets: list[Tensor], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Each line's classes (lines, most + 1) with the blank first, its targets among them, one after the other."""
    lists, numbers = [], []
    for target in targets:
        classes, inverse = torch.unique(target, return_inverse=True)
        lists.append(functional.pad(classes, (1, 0)))
        numbers.append(inverse + 1)
    local = torch.nn.utils.rnn.pad_sequence(lists, batch_first=True)
    lengths = torch.tensor([len(target) for target in targets], dtype=torch.int64)
    return local.to(device), torch.cat(numbers).to(device), lengths.to(device)


def _padding(local: Tensor) -> Tensor:
    padding = local == 0
    padding[:, 0] = False
    return padding
