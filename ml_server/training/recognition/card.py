"""The shipped recogniser's model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from ml_server.engines import paddle_weights
from ml_server.training.recognition import alphabet
from ml_server.training.recognition.fit import Score

_CARD = """\
# {name} {version}

Reads lines of Korean and English text: {characters} characters, among them all 11,172 syllables of modern Hangul, Latin
letters, digits, Hanja and the symbols of Korean documents. A folder that PaddleOCR loads as a `PP-OCRv6_small_rec`.

Made from PP-OCRv6's small recogniser (PaddlePaddle, Apache-2.0) by `python -m ml_server.training.recognition.shipped`:
its body goes on, its classifier was replaced by one in which a syllable's row is made of its letters' rows.

* Trained on {lines:,} generated lines, {steps:,} steps, {minutes:.0f} minutes on {cores} CPU cores.
* On {held_out} generated lines held out: {accuracy:.2%} of the characters (1 - CER), {whole:.1%} of whole lines right.
* No picture of a real document was trained on. docs/korean_recogniser.md has the figures on real ones.

Not made for handwriting, for text from top to bottom, or for languages other than Korean and English.

Knobs: {knobs}
"""


def write_card(
    folder: Path, knobs: Mapping[str, float], score: Score, last: Mapping[str, float], held_out: int, cores: int
) -> None:
    """Write README.md into the model's folder.

    Args:
        folder: of the model.
        knobs: of the training and of the blend of lines, by name.
        score: on held-out lines.
        last: entry of the curve.
        held_out: lines.
        cores: of the machine.
    """
    header = {
        "license": "apache-2.0",
        "base_model": f"PaddlePaddle/{paddle_weights.RECOGNISER}",
        "language": ["ko", "en"],
        "version": paddle_weights.SHIPPED_VERSION,
    }
    text = _CARD.format(
        name=paddle_weights.SHIPPED_RECOGNISER,
        version=paddle_weights.SHIPPED_VERSION,
        characters=f"{len(alphabet.characters()):,}",
        lines=int(last["lines seen"]),
        steps=int(last["step"]),
        minutes=last["seconds"] / 60,
        cores=cores,
        held_out=held_out,
        accuracy=score.characters,
        whole=score.lines,
        knobs=", ".join(f"{name} {value}" for name, value in knobs.items()),
    )
    card = f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n\n{text}"
    (folder / "README.md").write_text(card, encoding="utf-8")
