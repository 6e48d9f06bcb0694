"""What a stopped run goes on from: weights, optimiser, where it stands, and what it is a run of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ml_server.errors import InvalidRequest


@dataclass(slots=True)
class State:
    """Where a run stands; ``pool`` is the pool of lines that it reads, ``loss`` a running mean."""

    step: int = 0
    pool: int = 0
    lines: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


def save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, state: State, of: dict[str, Any]) -> None:
    """All or nothing: a run that is killed while it writes keeps its last checkpoint."""
    beside = path.with_suffix(".part")
    held = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": asdict(state), "of": of}
    torch.save(held, beside)
    beside.replace(path)


def resume(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, of: dict[str, Any]) -> State:
    """Go on where a checkpoint stands, at the beginning of the pool of lines that it was in.

    Raises:
        InvalidRequest: it belongs to a run with other knobs.
    """
    held = torch.load(path, weights_only=True, map_location="cpu")
    other = [name for name, value in of.items() if held["of"].get(name) != value]
    if other:
        raise InvalidRequest(
            f"{path} belongs to a run with other {', '.join(other)}; remove it, or write to another folder"
        )
    model.load_state_dict(held["model"])
    optimizer.load_state_dict(held["optimizer"])
    return State(**held["state"])
