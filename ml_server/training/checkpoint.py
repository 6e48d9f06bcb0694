"""What a stopped run goes on from: weights, optimizer, where it stands, and what it is a run of."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from ml_server.engines.layoutlm.model import KeyValueModel
from ml_server.errors import InvalidRequest


@dataclass(slots=True)
class State:
    """Where a run stands; what a checkpoint holds besides tensors; ``ser``, ``re``: running means of losses."""

    step: int = 0
    best: float = -1.0
    best_step: int = 0
    waited: int = 0
    seconds: float = 0.0
    ser: float = 0.0
    re: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


def save(
    path: Path,
    model: KeyValueModel,
    optimizer: torch.optim.Optimizer,
    state: State,
    of: dict[str, Any],
) -> None:
    """All or nothing: a run that is killed while it writes keeps its last checkpoint."""
    beside = path.with_suffix(".part")
    held = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": asdict(state), "of": of}
    torch.save(held | {"torch": torch.get_rng_state()}, beside)
    beside.replace(path)


def resume(
    path: Path,
    model: KeyValueModel,
    optimizer: torch.optim.Optimizer,
    of: dict[str, Any],
) -> State:
    """Go on where a checkpoint stands.

    Raises:
        InvalidRequest: it belongs to a run with other settings, pages or start.
    """
    held = torch.load(path, weights_only=False, map_location="cpu")
    other = [name for name, value in of.items() if held["of"].get(name) != value]
    if other:
        raise InvalidRequest(
            f"{path} belongs to a run with other {', '.join(other)}; remove it, or write to another folder"
        )
    model.load_state_dict(held["model"])
    optimizer.load_state_dict(held["optimizer"])
    torch.set_rng_state(held["torch"])
    return State(**held["state"])
