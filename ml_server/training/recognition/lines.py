"""The stream of lines: line ``i`` depends on the seed and on ``i`` alone, whoever makes it and in whatever order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count, islice, pairwise
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_server.training.recognition import alphabet
from ml_server.training.recognition.render import random_setting, set_line
from ml_server.training.recognition.surroundings import cut_out
from ml_server.training.recognition.texts import Blend, text
from ml_server.training.recognition.wear import legible, random_look, worn

HEIGHT = 48
# The recogniser looks once every 8 pixels and writes at most one character each time.
STRIDE = 8
_BLEND = Blend()
_FINGERPRINTED = 16
_SHARP = (Image.Resampling.BILINEAR, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A picture of a line of text and what it says.

    Attributes:
        pixels: (48, width, 3), red, green, blue.
        text: its characters, all of ``alphabet.characters``; single spaces inside, none at its ends.
    """

    pixels: npt.NDArray[np.uint8]
    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """An endless sequence of lines.

    Attributes:
        seed: other seeds, other lines.
        widest: pixels, best a multiple of 320; what would be wider at a height of 48 is not made.
        blend: how much of which language.
        worn: share of lines that are printed, scanned or photographed badly, 0 to 1; the others are black on white.
    """

    seed: int = 0
    widest: int = 1600
    blend: Blend = field(default=_BLEND)
    worn: float = 0.97

    def __getitem__(self, index: int) -> Line:
        """Line ``index``, from 0.

        Raises:
            IndexError: a negative index.
            NoTypefaces: the machine has no Korean or no Latin fonts.
        """
        if index < 0:
            raise IndexError("lines are counted from 0 and have no end")
        rng = Random(f"{self.seed}/{index}")
        while True:
            made = self._attempt(rng)
            if made is not None:
                return made

    def stream(self, first: int = 0, step: int = 1) -> Iterator[Line]:
        """Lines ``first``, ``first + step`` and so on; a step of the number of processes shares them out."""
        return (self[index] for index in count(first, step))

    def fingerprint(self) -> str:
        """Of its first lines; another generator, blend or set of fonts has another one."""
        digest = hashlib.sha256()
        for line in islice(self.stream(), _FINGERPRINTED):
            digest.update(line.pixels.tobytes() + line.text.encode())
        return digest.hexdigest()[:16]

    def _attempt(self, rng: Random) -> Line | None:
        """One line, or None where it cannot be set, is too wide, or is too narrow to be read at the stride."""
        drawn = text(rng, self.blend)
        setting = random_setting(rng, drawn)
        if setting is None:
            return None
        mask = cut_out(rng, set_line(rng, drawn, setting), setting)
        width = round(mask.width * HEIGHT / mask.height)
        said = alphabet.folded(drawn)
        if not STRIDE * steps(said) <= width <= self.widest:
            return None
        noise = np.random.default_rng(rng.getrandbits(64))
        if rng.random() < self.worn:
            picture = worn(mask, random_look(rng, mask.height), noise)
            if not legible(mask, picture):
                return None
        else:
            picture = Image.fromarray(255 - np.asarray(mask))
        scaled = picture.resize((width, HEIGHT), rng.choice(_SHARP)).convert("RGB")
        return Line(np.asarray(scaled), said)


def steps(said: str) -> int:
    """How many times the recogniser has to look to write a text: once a character, once more between equal ones."""
    return len(said) + sum(one == other for one, other in pairwise(said))
