"""SER and RE in one network: an unchanged LayoutLMForTokenClassification, a spatial bias and a relation head beside it.

Saved as a folder: ``config.json`` and ``model.safetensors`` as transformers has them, ``tokenizer.json``, and in
``ml_server.safetensors`` and ``ml_server.json`` what is ours.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from ml_server.engines.layoutlm.relations import RelationHead
from ml_server.engines.layoutlm.spatial import SpatialBias, biased_attention
from ml_server.engines.layoutlm.words import KINDS

OURS = "ml_server"
"""Stem of our two files in a model's folder."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What ``ml_server.json`` says.

    Attributes:
        version: of the weights, for people and for ``model_version``.
        word_kinds: words are lower-cased and their writing given as token type.
        spatial_bias: whether the encoder was trained with one.
        relation_head: whether there is one.
    """

    version: str = "0"
    word_kinds: bool = True
    spatial_bias: bool = True
    relation_head: bool = True


class KeyValueModel(nn.Module):
    """The whole network.

    Args:
        encoder: a transformers token classifier that takes ``bbox``.
        ours: what stands beside it.
    """

    def __init__(self, encoder: Any, ours: Ours) -> None:
        super().__init__()
        self.encoder = encoder
        self.ours = ours
        config = encoder.config
        self.bias = SpatialBias(config.num_attention_heads) if ours.spatial_bias else None
        self.relations = RelationHead(config.hidden_size) if ours.relation_head else None

    def forward(
        self, pieces: torch.Tensor, kinds: torch.Tensor, boxes: torch.Tensor, real: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Label every piece.

        Args:
            pieces: int64, shape (b, t).
            kinds: int64, shape (b, t).
            boxes: float, shape (b, t, 4), on the 0..1000 grid.
            real: bool, shape (b, t); false on padding.

        Returns:
            Logits, shape (b, t, labels), and hidden states, shape (b, t, hidden).
        """
        grid = boxes.round().long()
        if self.bias is None:
            found = self.encoder(
                input_ids=pieces, bbox=grid, attention_mask=real.long(), output_hidden_states=True, return_dict=True
            )
            return found.logits, found.hidden_states[-1]
        # LayoutLMModel.forward takes a mask of two dimensions only; its parts take a bias for every pair.
        layoutlm = self.encoder.layoutlm
        embedded = layoutlm.embeddings(input_ids=pieces, bbox=grid, token_type_ids=kinds)
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else embedded.dtype
        mask = torch.where(real, 0.0, torch.finfo(dtype).min / 2).to(dtype)[:, None, None, :]
        hidden = layoutlm.encoder(embedded, self.bias(grid, dtype) + mask)[0]
        return self.encoder.classifier(self.encoder.dropout(hidden)), hidden

    def save(self, folder: Path, *, half: bool = True) -> None:
        """Write the weights and configurations; half precision unless asked otherwise."""
        folder.mkdir(parents=True, exist_ok=True)
        dtype = torch.float16 if half else torch.float32
        tensors = {name: value.to(dtype).contiguous() for name, value in self.encoder.state_dict().items()
                   if value.is_floating_point() and "pooler" not in name}  # fmt: skip
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        config = self.encoder.config.to_dict() | {"dtype": "float16" if half else "float32"}
        keep = {key: value for key, value in config.items() if value is not None and not key.startswith("_")}
        (folder / "config.json").write_text(json.dumps(keep, indent=1, sort_keys=True) + "\n")
        beside = {
            name: value.to(dtype).contiguous()
            for name, value in self.state_dict().items()
            if not name.startswith("encoder.")
        }
        if beside:
            save_file(beside, folder / f"{OURS}.safetensors")
        (folder / f"{OURS}.json").write_text(json.dumps(asdict(self.ours), indent=1) + "\n")
        for weights in folder.glob("*.safetensors"):
            weights.chmod(0o644)  # safetensors writes for its own user only; a server often is another


def load(folder: Path, labels: list[str] | None = None) -> KeyValueModel:
    """Build the network from a folder.

    Args:
        folder: of ours, of a base model (``ml_server.training.base_model``), or any token classifier of the family.
        labels: tags to classify into, for a base that has none; None for the folder's own.
    """
    from ml_server.engines.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import transformers
    from transformers import AttentionInterface, AutoConfig, AutoModelForTokenClassification

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # it has no annotations
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # likewise
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if labels is not None:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
    stated = folder / f"{OURS}.json"
    if stated.is_file():
        ours = Ours(**json.loads(stated.read_text()))
    elif labels is None:  # a stranger's model has nothing of ours
        ours = Ours(word_kinds=False, spatial_bias=False, relation_head=False)
    else:  # a base to train from gets what it has room for
        v1 = config.model_type == "layoutlm"
        ours = Ours(word_kinds=v1 and config.type_vocab_size >= len(KINDS), spatial_bias=v1)
    if ours.spatial_bias:
        AttentionInterface.register(OURS, biased_attention)
        config._attn_implementation = OURS
    encoder, found = AutoModelForTokenClassification.from_pretrained(
        folder,
        config=config,
        local_files_only=True,
        dtype=torch.float32,
        output_loading_info=True,
        ignore_mismatched_sizes=labels is not None,
    )
    if "bbox" not in inspect.signature(encoder.forward).parameters:
        raise ValueError(f"{folder}: a {config.model_type} takes no boxes; it is not of the LayoutLM family")
    untrained = [name for name in found["missing_keys"] if name.startswith("classifier")]
    if labels is None and untrained:
        raise ValueError(f"{folder}: it has no trained classifier; fine-tune it with ml-server train first")
    model = KeyValueModel(encoder, ours)
    weights = folder / f"{OURS}.safetensors"
    if weights.is_file():
        beside = {name: value.float() for name, value in load_file(weights).items()}
        missing, unexpected = model.load_state_dict(beside, strict=False)
        lost = [name for name in missing if not name.startswith("encoder.")]
        if lost or unexpected:
            raise ValueError(f"{weights}: lacks {lost[:3]}, has too much {unexpected[:3]}")
    return model
