"""The relation head: which question an answer belongs to, and which header a question stands under.

From LayoutXLM's relation extraction (Xu et al. 2021, section 3.3, and its released code) come two ideas: an entity is
represented by its first token beside an embedding of its label, and a pair is scored by a bilinear form over two
projections. What differs:

* the mean of the entity's tokens is looked at beside the first one;
* the pair's geometry is scored too (``pairs``): LayoutXLM sees layout only through its encoder;
* the heads of a tail compete: a softmax over the tail's candidates and "none", instead of an independent yes or no
  for every pair. An answer then gets the question that fits best, or honestly none;
* entities may be predicted ones, not only gold.
"""

from __future__ import annotations

import torch
from torch import nn

from ml_server.engines.layoutlm.pairs import FEATURES, LABELS


class RelationHead(nn.Module):
    """Scores heads for tails.

    Args:
        hidden: width of the encoder.
        size: width of the projections.
        dropout: 0..1.
    """

    def __init__(self, hidden: int, size: int = 192, dropout: float = 0.1) -> None:
        super().__init__()
        self.label = nn.Embedding(len(LABELS), 32)
        self.head = nn.Sequential(nn.Linear(2 * hidden + 32, size), nn.GELU(), nn.Dropout(dropout))
        self.tail = nn.Sequential(nn.Linear(2 * hidden + 32, size), nn.GELU(), nn.Dropout(dropout))
        self.geometry = nn.Sequential(nn.Linear(FEATURES, size), nn.GELU(), nn.Linear(size, size))
        self.bilinear = nn.Linear(size, size, bias=False)
        self.pair = nn.Sequential(nn.GELU(), nn.Dropout(dropout), nn.Linear(size, size // 2), nn.GELU())
        self.score = nn.Linear(size // 2, 1)
        self.from_head = nn.Linear(size, size, bias=False)
        self.from_tail = nn.Linear(size, size)
        self.none = nn.Linear(size, 1)

    def entities(
        self,
        words: torch.Tensor,
        members: torch.Tensor,
        owners: torch.Tensor,
        first: torch.Tensor,
        labels: torch.Tensor,
    ) -> torch.Tensor:
        """Represent entities.

        Args:
            words: shape (n, hidden): the encoder's output at each word's first piece.
            members: int64, shape (m,): the words of all entities, one after the other.
            owners: int64, shape (m,): the entity of each.
            first: int64, shape (e,): its first word.
            labels: int64, shape (e,): index into LABELS.

        Returns:
            Shape (e, 2 * hidden + 32).
        """
        sums = words.new_zeros(len(first), words.shape[1]).index_add(0, owners, words[members])
        means = sums / torch.bincount(owners, minlength=len(first))[:, None].to(sums.dtype)
        return torch.cat([words[first], means, self.label(labels)], dim=-1)

    def project(self, entities: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Everything about entities that does not depend on whom they are paired with."""
        head = self.head(entities)
        return head, self.tail(entities), self.from_head(head)

    def forward(
        self,
        entities: torch.Tensor,
        tails: torch.Tensor,
        heads: torch.Tensor,
        real: torch.Tensor,
        geometry: torch.Tensor,
    ) -> torch.Tensor:
        """Log-probability of every candidate of every tail; see ``log_chances``.

        Args:
            entities: shape (e, 2 * hidden + 32), from ``entities``.
            tails: int64, shape (t,).
            heads: int64, shape (t, k).
            real: bool, shape (t, k).
            geometry: shape (t, k, FEATURES).

        Returns:
            Shape (t, k + 1); rows sum to 1 after ``exp``.
        """
        return self.log_chances(self.project(entities), tails, heads, real, geometry)

    def log_chances(
        self,
        projected: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
        tails: torch.Tensor,
        heads: torch.Tensor,
        real: torch.Tensor,
        geometry: torch.Tensor,
    ) -> torch.Tensor:
        """Log-probability of every candidate of some tails; the last column is "none".

        Args:
            projected: of all entities, from ``project``.
            tails: int64, shape (t,).
            heads: int64, shape (t, k).
            real: bool, shape (t, k).
            geometry: shape (t, k, FEATURES).

        Returns:
            Shape (t, k + 1); rows sum to 1 after ``exp``.
        """
        head, tail, from_head = projected
        h, t = head[heads], tail[tails][:, None]
        mixed = from_head[heads] + self.from_tail(tail[tails])[:, None] + self.geometry(geometry)
        scores = self.score(self.pair(mixed + h * self.bilinear(t))).squeeze(-1)
        scores = scores.float().masked_fill(~real, float("-inf"))
        return torch.cat([scores, self.none(tail[tails]).float()], dim=1).log_softmax(dim=1)
