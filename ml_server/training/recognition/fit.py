"""The training loop: the head and the neck first, then everything behind the stem."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from rapidfuzz.distance import Levenshtein
from torch import Tensor, nn

from ml_server.engines.precision import mixed, trained_dtype
from ml_server.errors import InvalidRequest
from ml_server.training import checkpoint
from ml_server.training.recognition.batches import Batch, batch, by_width, decoded, stream
from ml_server.training.recognition.ctc_loss import ctc_loss
from ml_server.training.recognition.head import Head
from ml_server.training.recognition.lines import Line, Lines
from ml_server.training.recognition.network import Body

_MOST_LOST = 10
"""Steps in a row that may be dropped because half precision overflowed; as many mean that the run diverges."""

Progress = Callable[[int, int, str], None]
"""Step, steps, a line that says how it goes."""


@dataclass(frozen=True, slots=True)
class Knobs:
    """What can be turned.

    Attributes:
        steps: of the optimiser.
        frozen: share of them in which the convolutions stand still, 0 to 1.
        kept: blocks at the front (besides the stem) that are never trained; strokes look alike in all scripts.
        columns: pixels of width a step.
        body_rate: highest learning rate of the released weights.
        head_rate: of the classifier.
        warm_up: share of the steps in which the rates rise; then they fall with the cosine.
        validate_every: steps.
        seed: of the lines.
    """

    steps: int = 3000
    frozen: float = 0.08
    kept: int = 3
    columns: int = 10240
    body_rate: float = 2.5e-4
    head_rate: float = 2e-3
    warm_up: float = 0.02
    validate_every: int = 250
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Score:
    """On lines that were held out.

    Attributes:
        characters: 1 - edit distance / characters, all lines together; can fall below 0.
        lines: share that is right to the last character and space.
    """

    characters: float
    lines: float


@dataclass(slots=True)
class State:
    """Where a run stands; ``pool`` is the pool of lines that it reads, ``loss`` a running mean."""

    step: int = 0
    pool: int = 0
    lines: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


class Recogniser(nn.Module):
    """Body and head together."""

    def __init__(self, body: Body, head: Head) -> None:
        super().__init__()
        self.body, self.head = body, head

    def forward(self, x: Tensor) -> Tensor:
        """(lines, 3, 48, width) to logits (lines, width // 8, classes)."""
        return self.head(self.body(x))  # type: ignore[no-any-return]

    def train_from(self, x: Tensor, kept: int) -> Tensor:
        """As forward; the stem and ``kept`` blocks get no gradients."""
        blocks = self.body.blocks
        with torch.no_grad():
            x = self.body.stem(x)
            for block in blocks[:kept]:
                x = block(x)
        for block in blocks[kept:]:
            x = block(x)
        return self.head(self.body.relate(nn.functional.avg_pool2d(x, (3, 2))))  # type: ignore[no-any-return]


def read(model: Recogniser, item: Batch, device: torch.device) -> list[str]:
    """What the model reads in a batch."""
    with torch.no_grad(), mixed(device.type, trained_dtype(device.type)):
        classes = model(_to(item, device)).argmax(-1)
    return [decoded(row) for row in classes.cpu().numpy()]


def validate(model: Recogniser, lines: Sequence[Line], columns: int, device: torch.device) -> Score:
    """How well held-out lines are read."""
    model.eval()
    edits = characters = right = 0
    for group in by_width(lines, columns):
        for line, said in zip(group, read(model, batch(group), device), strict=True):
            distance = Levenshtein.distance(line.text, " ".join(said.split()))
            edits, characters, right = edits + distance, characters + len(line.text), right + (distance == 0)
    model.train()
    return Score(1 - edits / characters, right / len(lines))


def fit(
    model: Recogniser,
    lines: Lines,
    held_out: Sequence[Line],
    out: Path,
    knobs: Knobs,
    progress: Progress,
) -> Score:
    """Train; ``out`` gets ``checkpoint.pt`` (from which a stopped run goes on) and ``curve.json``.

    Raises:
        InvalidRequest: ``out`` holds a checkpoint of a run with other knobs, or the loss stays no number.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    # Channels last is twice as fast for these convolutions on a CPU.
    model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    own = list(model.head.parameters())
    optimizer = torch.optim.AdamW(
        [
            {"params": list(model.body.parameters()), "rate": knobs.body_rate, "weight_decay": 0.01},
            {"params": own, "rate": knobs.head_rate, "weight_decay": 0.0},
        ],
        betas=(0.9, 0.98),
    )
    path, of = out / "checkpoint.pt", asdict(knobs) | {"lines": lines.fingerprint()}
    out.mkdir(parents=True, exist_ok=True)
    state = checkpoint.resume(path, model, optimizer, of, State) if path.is_file() else State()
    batches = stream(lines, knobs.columns, state.pool)
    half, lost = trained_dtype(device.type), 0
    began, passed = time.monotonic(), state.seconds
    if not state.step:
        _judge(model, held_out, knobs, state, device, out)
    model.train()
    for step in range(state.step, knobs.steps):
        item = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * _rate(step, knobs)
        still = step < knobs.frozen * knobs.steps
        with mixed(device.type, half):
            logits = model.train_from(_to(item, device), len(model.body.blocks) if still else knobs.kept)
        loss = ctc_loss(logits, item.targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch's stub of it has no types
        if math.isfinite(loss.item()) and nn.utils.clip_grad_norm_(model.parameters(), 5.0).isfinite():
            optimizer.step()
            state.loss = 0.98 * state.loss + 0.02 * loss.item() if state.loss else loss.item()
            lost = 0
        elif (lost := lost + 1) == _MOST_LOST:
            raise InvalidRequest(f"no finite loss in {lost} steps before step {step + 1}; lower the learning rates")
        state.step, state.pool = step + 1, item.pool
        state.lines += len(item.targets)
        state.seconds = passed + time.monotonic() - began
        if state.step % knobs.validate_every == 0 or state.step == knobs.steps:
            _judge(model, held_out, knobs, state, device, out)
            checkpoint.save(path, model, optimizer, state, of)
        progress(state.step, knobs.steps, f"loss {state.loss:.3f}  {_shown(state.curve)}")
    return Score(state.curve[-1]["characters"], state.curve[-1]["lines"])


def _judge(
    model: Recogniser, held_out: Sequence[Line], knobs: Knobs, state: State, device: torch.device, out: Path
) -> None:
    score = validate(model, held_out, knobs.columns, device)
    state.curve.append(
        {"step": state.step, "lines seen": state.lines, "seconds": round(state.seconds), "loss": state.loss}
        | asdict(score)
    )
    (out / "curve.json").write_text(json.dumps(state.curve, indent=1))


def _to(item: Batch, device: torch.device) -> Tensor:
    return item.input().to(device, memory_format=torch.channels_last)


def _rate(step: int, knobs: Knobs) -> float:
    """Share of the highest rate."""
    warm = knobs.warm_up * knobs.steps
    if step < warm:
        return min((step + 1) / warm, 1.0)
    return 0.02 + 0.98 * (1 + math.cos(math.pi * (step - warm) / max(knobs.steps - warm, 1))) / 2


def _shown(curve: list[dict[str, float]]) -> str:
    return f"characters {curve[-1]['characters']:.4f}, lines {curve[-1]['lines']:.3f}" if curve else ""
