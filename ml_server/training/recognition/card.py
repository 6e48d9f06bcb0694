"""The shipped recogniser's model card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from ml_server.engines import paddle_weights
from ml_server.settings import usable_cores
from ml_server.training.recognition import alphabet
from ml_server.training.recognition.fit import Score
from ml_server.training.recognition.recall import Recall
from ml_server.training.recognition.rounds import Round

_CARD = """\
# {name} {version}

Reads lines of Korean and English text. It knows {characters} characters: all 11,172 syllables of modern Hangul, Latin
letters, digits, {hanja:,} Hanja and {symbols} marks of Korean documents. Known and read are two things: printed clean
it reads {common} of the 2,350 syllables of KS X 1001 right, {rare} of the 8,822 others, {read_hanja} of the Hanja and
{marks} of the marks. A folder that PaddleOCR loads as a `PP-OCRv6_small_rec`.

Made from PP-OCRv6's small recogniser (PaddlePaddle, Apache-2.0) by `python -m ml_server.training.recognition.shipped`:
its body goes on, its classifier was replaced by one in which a syllable's row is made of its letters' rows.

* Trained on generated lines: {trained}.
* This round: {lines:,} lines. On {held_out} generated lines held out {accuracy:.2%} of the characters (1 - CER) and
  {whole:.1%} of whole lines are right.
* No picture of a real document was trained on. docs/korean_recogniser.md has the figures on real ones.

Not made for handwriting, for text from top to bottom, or for languages other than Korean and English.

{knobs}
"""


def write_card(
    folder: Path,
    rounds: Sequence[Round],
    seconds: Mapping[str, float],
    score: Score,
    last: Mapping[str, float],
    found: Recall,
    held_out: int,
) -> None:
    """Write README.md into the model's folder.

    Args:
        folder: of the model.
        rounds: that it went through, the last one its own.
        seconds: that each trained, by its name.
        score: on held-out lines.
        last: entry of the curve.
        found: what it reads of what is printed clean.
        held_out: lines.
    """
    version = rounds[-1].version
    header = {
        "license": "apache-2.0",
        "base_model": f"PaddlePaddle/{paddle_weights.RECOGNISER}",
        "language": ["ko", "en"],
        "version": version,
    }
    text = _CARD.format(
        name=paddle_weights.SHIPPED_RECOGNISER,
        version=version,
        characters=f"{len(alphabet.characters()):,}",
        hanja=len(alphabet.hanja()),
        symbols=len(alphabet.symbols()),
        common=found.common.percent,
        rare=found.rare.percent,
        read_hanja=found.hanja.percent,
        marks=found.of("".join(found.marks)).percent,
        trained=", ".join(
            f"{each.name} {each.knobs.steps:,} steps in {seconds[each.name] / 60:.0f} minutes" for each in rounds
        )
        + f", on {usable_cores()} CPU cores",
        lines=int(last["lines seen"]),
        held_out=held_out,
        accuracy=score.characters,
        whole=score.lines,
        knobs="\n\n".join(
            f"Knobs of {each.name}: {_told({**asdict(each.knobs), **asdict(each.blend)})}" for each in rounds
        ),
    )
    card = f"---\n{yaml.safe_dump(header, sort_keys=False)}---\n\n{text}"
    (folder / "README.md").write_text(card, encoding="utf-8")


def _told(knobs: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value}" for name, value in knobs.items())
