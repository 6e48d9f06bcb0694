"""Fine-tunes SER and RE. Reads from top to bottom: data, network, loop, what is written.

A run can be stopped at any moment and goes on from its last checkpoint: same seed, same order of pages, same schedule.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer

from ml_server.engines.layoutlm.inference import represent
from ml_server.engines.layoutlm.model import OURS, KeyValueModel, load
from ml_server.engines.layoutlm.relations import RelationHead
from ml_server.engines.layoutlm.tokenizer import load_tokenizer
from ml_server.engines.precision import mixed, trained_dtype
from ml_server.training import checkpoint
from ml_server.training.augment import augment
from ml_server.training.examples import TAGS, Batch, Example, LabelledPage, collate, example, fingerprint
from ml_server.training.kept import CHECKPOINT, keep
from ml_server.training.knobs import Knobs
from ml_server.training.validation import Scores, validate

Progress = Callable[[int, int, str], None]


@dataclass(slots=True)
class State:
    """Where a run stands; ``ser``, ``re``: running means of losses."""

    step: int = 0
    best: float = -1.0
    best_step: int = 0
    waited: int = 0
    seconds: float = 0.0
    ser: float = 0.0
    re: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


def train(
    pages: Sequence[LabelledPage],
    held_out: Sequence[LabelledPage],
    start: Path,
    out: Path,
    knobs: Knobs,
    version: str,
    progress: Progress,
    *,
    overwrite: bool = False,
) -> Scores:
    """Train from the folder ``start`` and write the best model to ``out``, over one that is there.

    Args:
        pages: to train on; those without words are skipped.
        held_out: to judge on; with none the last model is kept.
        start: a base model's folder or a trained one.
        out: gets model, tokenizer and ``curve.json``; ``out/.checkpoint.pt`` is there from the first step to the end
            and resumes a stopped run.
        knobs: see :class:`Knobs`.
        version: written into the model.
        progress: called with step, steps in all and a line about the run.
        overwrite: begin anew over the checkpoint of another run.

    Returns:
        Scores on ``held_out`` of the model that was kept.

    Raises:
        InvalidRequest: the checkpoint is of another run.
        EngineUnavailable: the tokenizer cannot be loaded.
    """
    torch.manual_seed(knobs.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    tokenizer = load_tokenizer(start)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    model = _network(start, knobs, version).to(device)
    optimizer = torch.optim.AdamW(_groups(model, knobs), betas=(0.9, 0.98), eps=1e-6)

    pages = [page for page in pages if page.page.texts]
    lengths = tuple(len(page.page.texts) for page in pages)
    per_epoch = len(_plan(lengths, knobs, 0))
    total = max(1, round(knobs.epochs * per_epoch))
    look = max(1, round(knobs.validate_every * per_epoch))

    state, stopped = State(), out / CHECKPOINT
    out.mkdir(parents=True, exist_ok=True)
    of = {"knobs": asdict(knobs), "start": str(start), "version": version, "words": lengths}
    of |= {"pages": fingerprint(pages), "held-out pages": fingerprint(held_out)}
    if stopped.is_file() and not (overwrite and checkpoint.differences(stopped, of)):
        state = checkpoint.resume(stopped, model, optimizer, of, State)
    else:  # so that a model in ``out`` is never without one before it is finished
        checkpoint.save(stopped, model, optimizer, state, of)
    began, saved = time.monotonic() - state.seconds, time.monotonic()
    while state.step < total:
        epoch, place = _locate(state.step, lengths, knobs)
        plan = _plan(lengths, knobs, epoch)
        rng = random.Random(f"{knobs.seed}/{epoch}/{place}")
        batch = collate(
            [
                example(augment(pages[i], knobs.noise, rng), tokenizer, knobs.size, rng, kinds=model.ours.word_kinds)
                for i in plan[place]
            ],
            model.encoder.config.pad_token_id,
        )
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * _rate(state.step / total, knobs.warm_up)
        model.train()
        if knobs.task == "re":
            model.encoder.eval()  # left as it is, dropout too
        with mixed(device.type, trained_dtype(device.type)):
            ser, re = losses(model, batch, knobs, device)
        loss = ser * (knobs.task != "re") + re * (
            knobs.relation_weight if knobs.task == "joint" else knobs.task == "re"
        )
        if loss.requires_grad:  # links alone, and pages without any: nothing to learn
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch's stub of it has no types
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()

        state.step += 1
        state.seconds = time.monotonic() - began
        state.ser += (ser.item() - state.ser) * (0.05 if state.step > 1 else 1.0)
        state.re += (re.item() - state.re) * (0.05 if state.step > 1 else 1.0)
        progress(state.step, total, f"loss ser {state.ser:.3f} re {state.re:.3f}  best {state.best:.3f}")
        if state.step % look == 0 or state.step == total:
            if _look(model, tokenizer, held_out, knobs, state, out):
                keep(model, tokenizer, start, out)
            if held_out and state.waited >= knobs.patience:
                break
        if time.monotonic() - saved > knobs.checkpoint_every_s:
            checkpoint.save(stopped, model, optimizer, state, of)
            saved = time.monotonic()
    (out / "curve.json").write_text(json.dumps(state.curve, indent=1) + "\n")
    scores = validate(load(out), tokenizer, held_out)
    stopped.unlink(missing_ok=True)
    return scores


def losses(model: KeyValueModel, batch: Batch, knobs: Knobs, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of the words' tags, and of the tails' heads (marginal over several right ones); means."""
    pieces = batch.pieces
    if knobs.unknown:
        hidden = (torch.rand(pieces.shape) < knobs.unknown) & batch.real
        pieces = torch.where(hidden, torch.full_like(pieces, model.encoder.config.pad_token_id), pieces)
    inputs = (pieces, batch.kinds, batch.boxes, batch.real)
    with torch.set_grad_enabled(knobs.task != "re"):
        logits, states = model(*(tensor.to(device) for tensor in inputs))
    tags, scores, chances = [], [], []
    for row, item in enumerate(batch.examples):
        starts = torch.from_numpy(item.starts).to(device)
        scores.append(logits[row, starts].float())
        tags.append(torch.from_numpy(item.tags).to(device))
        if knobs.task != "ser" and model.relations is not None and len(item.candidates.tails):
            chances.append(_chance(model, states[row, starts], item, device))
    ser = torch.nn.functional.cross_entropy(torch.cat(scores), torch.cat(tags))
    return ser, -torch.cat(chances).mean() if chances else ser.new_zeros(())


def _chance(model: KeyValueModel, states: torch.Tensor, item: Example, device: torch.device) -> torch.Tensor:
    """Log-probability of the right heads of every tail, shape (tails,)."""
    head = model.relations
    assert head is not None
    found = item.candidates
    inputs = (found.tails, found.heads, found.real, found.features)
    represented = represent(head, states, item.entities, item.words)
    log: torch.Tensor = head(represented, *(torch.from_numpy(array).to(device) for array in inputs))
    wrong = ~torch.from_numpy(item.gold).to(device)
    return log.masked_fill(wrong, float("-inf")).logsumexp(1)


def _network(start: Path, knobs: Knobs, version: str) -> KeyValueModel:
    model = load(start, labels=list(TAGS))
    trained = (start / f"{OURS}.safetensors").is_file()
    if knobs.task == "ser" and not (trained and model.ours.relation_head):
        model.relations = None  # an untrained one would be worse than geometry alone
    elif model.relations is None:
        model.relations = RelationHead(model.encoder.config.hidden_size)
    model.ours = replace(model.ours, version=version, relation_head=model.relations is not None)
    for module in model.encoder.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = knobs.dropout
    return model


def _groups(model: KeyValueModel, knobs: Knobs) -> list[dict[str, Any]]:
    """Parameters by learning rate and weight decay; biases, norms and embeddings do not decay."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, value in model.named_parameters():
        fresh = not name.startswith("encoder.") or "classifier" in name
        peak = knobs.head_learning_rate if fresh else knobs.learning_rate
        decay = knobs.weight_decay if value.dim() > 1 and "embedding" not in name else 0.0
        groups.setdefault((peak, decay), []).append(value)
    return [
        {"params": values, "lr": peak, "peak": peak, "weight_decay": decay} for (peak, decay), values in groups.items()
    ]


def _rate(done: float, warm_up: float) -> float:
    """Share of the peak learning rate, 0..1: linear up, half cosine down."""
    if done < warm_up:
        return done / warm_up
    return 0.5 * (1 + math.cos(math.pi * (done - warm_up) / (1 - warm_up)))


def _locate(step: int, lengths: tuple[int, ...], knobs: Knobs) -> tuple[int, int]:
    """Epoch and batch within it; epochs differ by a batch or two, since lengths are shuffled before they are cut."""
    epoch = 0
    while step >= (count := len(_plan(lengths, knobs, epoch))):
        step, epoch = step - count, epoch + 1
    return epoch, step


@lru_cache(maxsize=4)
def _plan(lengths: tuple[int, ...], knobs: Knobs, epoch: int) -> list[list[int]]:
    """Batches of pages of like length for one epoch, in random order; the same for the same seed and epoch."""
    rng = random.Random(f"{knobs.seed}/{epoch}")
    shuffled = sorted(range(len(lengths)), key=lambda i: (lengths[i] * rng.uniform(0.85, 1.15), i))
    batches: list[list[int]] = [[]]
    for i in shuffled:
        longest = min(1.8 * lengths[i] + 2, knobs.size)  # about 1.8 pieces a word
        if batches[-1] and (len(batches[-1]) + 1) * longest > knobs.batch_pieces:
            batches.append([])
        batches[-1].append(i)
    rng.shuffle(batches)
    return batches


def _look(
    model: KeyValueModel,
    tokenizer: Tokenizer,
    held_out: Sequence[LabelledPage],
    knobs: Knobs,
    state: State,
    out: Path,
) -> bool:
    """Judge the model as it is; true if it is to be kept."""
    scores = validate(model, tokenizer, held_out)
    weighed = {"joint": scores.ser_f1 + scores.re_f1, "ser": scores.ser_f1, "re": scores.re_f1}[knobs.task]
    state.curve.append(
        {"step": state.step, "seconds": round(state.seconds), "ser": state.ser, "re": state.re} | asdict(scores)
    )
    (out / "curve.json").write_text(json.dumps(state.curve, indent=1) + "\n")
    if held_out and weighed <= state.best:
        state.waited += 1
        return False
    state.best, state.best_step, state.waited = weighed, state.step, 0
    return True
