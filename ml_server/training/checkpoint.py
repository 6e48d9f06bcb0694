"""What a stopped run goes on from: weights, optimizer, where it stands, and what it is a run of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from ml_server.errors import InvalidRequest

S = TypeVar("S")


def save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, state: Any, of: dict[str, Any]) -> None:
    """All or nothing: a run that is killed while it writes keeps its last checkpoint.

    Args:
        path: of the file.
        model: its weights are kept.
        optimizer: and its moments.
        state: a dataclass, where the run stands; numbers, text and lists and dicts of them.
        of: what decides whether a checkpoint belongs to a run: its settings, pages and start.
    """
    beside = path.with_suffix(".part")
    held = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "state": asdict(state), "of": of}
    torch.save(held | {"torch": torch.get_rng_state()}, beside)
    beside.replace(path)


def resume(
    path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, of: dict[str, Any], kind: Callable[..., S]
) -> S:
    """Go on where a checkpoint stands.

    Args:
        path: of the file.
        model: gets its weights.
        optimizer: and its moments.
        of: see :func:`save`.
        kind: the state's class.

    Raises:
        InvalidRequest: it belongs to a run with other settings, pages or start.
    """
    held = _load(path)
    other = _differences(held, of)
    if other:
        raise InvalidRequest(
            f"{path} belongs to a run with other {', '.join(other)}; begin anew with --overwrite, or write to another "
            "folder"
        )
    model.load_state_dict(held["model"])
    optimizer.load_state_dict(held["optimizer"])
    torch.set_rng_state(held["torch"])
    return kind(**held["state"])


def differences(path: Path, of: dict[str, Any]) -> list[str]:
    """In what the run of a checkpoint differs from another; empty if it is the same. See :func:`save`."""
    return _differences(_load(path), of)


def _load(path: Path) -> dict[str, Any]:
    held: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    return held


def _differences(held: dict[str, Any], of: dict[str, Any]) -> list[str]:
    # A checkpoint is judged by what was written into it: runs that began before there were fingerprints go on.
    return [name for name, value in of.items() if name in held["of"] and held["of"][name] != value]
