"""Which characters a recogniser reads when they are printed clean: ``python -m ml_server.training.recognition.recall``.

Each mark in places that it has in documents and in several faces; Hanja; syllables inside and outside KS X 1001. What
stands in the dictionary and what is read are two things, and figures on pages tell little of marks that few pages have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from PIL import Image, ImageDraw
from rapidfuzz.distance import Levenshtein
from rich.console import Console

from ml_server.training.recognition import alphabet, marks
from ml_server.training.recognition.lines import HEIGHT
from ml_server.training.recognition.typefaces import Typeface, typefaces

# Upright faces of every family, as documents are set in; the last ones have the marks that Korean fonts lack.
_FACES = ("NanumGothic.ttf", "NanumMyeongjo.ttf", "NotoSansCJK-Regular.ttc", "UnBatang.ttf", "batang.ttf")
_FALLBACKS = ("DejaVuSans.ttf", "FreeSans.ttf")
_PLACES = ("{} 신청 내용", "합계 {} 25")
_SIZE, _MARGIN = 36, 8
_SEED = 4
_BATCH = 16
_SYLLABLES = 600
_A_LINE = 12
FILE = "recall.json"

Printed = npt.NDArray[np.uint8]
"""A line (48, width, 3), red, green, blue."""


@dataclass(frozen=True, slots=True)
class Share:
    """Of ``count``, ``right`` were read."""

    right: int
    count: int

    @property
    def percent(self) -> str:
        """With one decimal."""
        return f"{self.right / max(self.count, 1):.1%}"

    def __str__(self) -> str:
        return f"{self.right / max(self.count, 1):.3f} of {self.count}"


@dataclass(frozen=True, slots=True)
class Recall:
    """What was read of what was printed.

    Attributes:
        marks: of each mark how often it stands in what was read.
        whole: of all those lines, with their spaces, how many were read without a fault.
        hanja: of all Hanja of the dictionary, each in two faces and in words.
        common, rare: syllables of KS X 1001 and the 8,822 others, in words without meaning.
    """

    marks: dict[str, Share]
    whole: Share
    hanja: Share
    common: Share
    rare: Share

    def of(self, some: str) -> Share:
        """Of several marks together."""
        shares = [self.marks[mark] for mark in some if mark in self.marks]
        return Share(sum(share.right for share in shares), sum(share.count for share in shares))

    def summary(self) -> str:
        """In a few lines for people."""
        rows = [(f"{kind} {row[0]} to {row[-1]}", row) for kind, rows in marks.KINDS.items() for row in rows]
        told = [f"{name}: {self.of(row)}" for name, row in rows]
        told += [f"{name}: {getattr(self, name)}" for name in ("whole", "hanja", "common", "rare")]
        return "\n".join([f"all marks: {self.of(''.join(self.marks))}", *told])


class Reader:
    """A model folder read line by line, padded as the engine pads."""

    def __init__(self, folder: Path) -> None:
        from ml_server.engines.runtimes import onnxruntime
        from ml_server.training.recognition.network import listed_characters

        self._characters = ["", *listed_characters(folder), " "]
        self._session = onnxruntime().InferenceSession(
            str(folder / "inference.onnx"), providers=["CPUExecutionProvider"]
        )

    def read(self, printed: Sequence[Printed]) -> list[str]:
        """What the recogniser says of lines, in their order."""
        order = sorted(range(len(printed)), key=lambda at: printed[at].shape[1])
        said: dict[int, str] = {}
        for first in range(0, len(order), _BATCH):
            group = order[first : first + _BATCH]
            x = np.zeros((len(group), 3, HEIGHT, printed[group[-1]].shape[1]), np.float32)
            for row, at in zip(x, group, strict=True):
                row[..., : printed[at].shape[1]] = printed[at].transpose(2, 0, 1)[::-1] / np.float32(127.5) - 1
            (found,) = self._session.run(None, {"x": x})
            said.update(zip(group, map(self._decoded, found.argmax(-1)), strict=True))
        return [said[at] for at in range(len(printed))]

    def _decoded(self, best: npt.NDArray[np.int64]) -> str:
        kept = best[np.insert(best[1:] != best[:-1], 0, True)]
        return " ".join("".join(self._characters[at] for at in kept).split())


def printed(text: str, face: Typeface, other: Typeface | None = None) -> Printed:
    """A line of text, black on white, as high as the recogniser takes it: (48, width, 3).

    Args:
        text: at least one character.
        face: what it is set in.
        other: sets what ``face`` lacks, as a word processor does.
    """
    runs = [(face, text)] if other is None else [(face if face.writes(mark) else other, mark) for mark in text]
    fonts = [(each.font(_SIZE), run) for each, run in runs]
    boxes = [font.getbbox(run, anchor="ls") for font, run in fonts]
    top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
    width = sum(font.getlength(run) for font, run in fonts)
    picture = Image.new("RGB", (round(width) + 2 * _MARGIN, round(bottom - top) + 2 * _MARGIN), "white")
    pen, x = ImageDraw.Draw(picture), float(_MARGIN)
    for font, run in fonts:
        pen.text((x, _MARGIN - top), run, fill="black", font=font, anchor="ls")
        x += font.getlength(run)
    return np.asarray(picture.resize((round(picture.width * HEIGHT / picture.height), HEIGHT)))


def faces() -> tuple[Typeface, ...]:
    """The faces that are here of those that lines are printed in, the fallbacks last."""
    order = {name: at for at, name in enumerate([*_FACES, *_FALLBACKS])}
    found = {Path(face.path).name: face for face in reversed(typefaces())}
    return tuple(found[name] for name in order if name in found)


def recall(folder: Path) -> Recall:
    """Print every mark, every Hanja and some syllables, and read them.

    Args:
        folder: with ``inference.onnx`` and ``inference.yml``.

    Raises:
        NoTypefaces: the machine has no Korean or no Latin fonts.
    """
    reader = Reader(folder)
    shares, whole = marks_read(reader, alphabet.symbols(), faces())
    common = alphabet.common_syllables()
    rare = sorted(set(map(chr, range(alphabet.FIRST_SYLLABLE, alphabet.LAST_SYLLABLE + 1))) - set(common))
    return Recall(
        marks=shares,
        whole=whole,
        hanja=characters_read(reader, alphabet.hanja(), 6),
        common=characters_read(reader, Random(_SEED).sample(common, _SYLLABLES), _A_LINE),
        rare=characters_read(reader, Random(_SEED).sample(rare, _SYLLABLES), _A_LINE),
    )


def marks_read(reader: Reader, some: Sequence[str], among: Sequence[Typeface]) -> tuple[dict[str, Share], Share]:
    """Of every mark how often it stands in what was read, and of all their lines how many have no fault.

    Args:
        reader: of a model.
        some: marks.
        among: faces; a mark is printed in those that have it, or where none has, in others among their Hangul.
    """
    lines = [(mark, text, face, other) for mark in some for text, face, other in _lines_of(mark, among)]
    said = reader.read([printed(text, face, other) for _, text, face, other in lines])
    shares: dict[str, Share] = {}
    for (mark, *_), read in zip(lines, said, strict=True):
        before = shares.get(mark, Share(0, 0))
        shares[mark] = Share(before.right + (mark in read), before.count + 1)
    return shares, Share(sum(text == read for (_, text, *_), read in zip(lines, said, strict=True)), len(lines))


def _lines_of(mark: str, among: Sequence[Typeface]) -> Iterator[tuple[str, Typeface, Typeface | None]]:
    texts = [place.format(mark) for place in _PLACES]
    able = [face for face in among if face.writes(texts[0])]
    yield from ((text, face, None) for text in texts for face in able)
    if not able:
        lacking = [face for face in among if face.writes(texts[0].replace(mark, ""))]
        others = [face for face in faces() if face.writes(mark)]
        yield from ((text, face, other) for text in texts for face in lacking for other in others)


def characters_read(reader: Reader, some: Sequence[str], a_line: int) -> Share:
    """Characters in rows without spaces, in the first two faces that have them; right is what no edit touches."""
    texts = ["".join(some[at : at + a_line]) for at in range(0, len(some), a_line)]
    lines = [(text, face) for text in texts for face in [face for face in faces() if face.writes(text)][:2]]
    said = reader.read([printed(text, face) for text, face in lines])
    wrong = [Levenshtein.distance(text, read.replace(" ", "")) for (text, _), read in zip(lines, said, strict=True)]
    right = sum(max(0, len(text) - missed) for (text, _), missed in zip(lines, wrong, strict=True))
    return Share(right, sum(len(text) for text, _ in lines))


def write_recall(found: Recall, folder: Path) -> None:
    """Write ``recall.json`` into the model's folder."""
    held: dict[str, Any] = asdict(found)
    (folder / FILE).write_text(json.dumps(held, ensure_ascii=False, indent=1), encoding="utf-8")


def main(
    folder: Annotated[Path, typer.Argument(help="Model folder with inference.onnx and inference.yml.")],
    as_json: Annotated[bool, typer.Option("--json", help="Every mark, as JSON.")] = False,
) -> None:
    """Say which characters a recogniser reads when they are printed clean."""
    found = recall(folder)
    Console().print_json(json.dumps(asdict(found), ensure_ascii=False)) if as_json else Console().print(found.summary())


if __name__ == "__main__":
    typer.run(main)
