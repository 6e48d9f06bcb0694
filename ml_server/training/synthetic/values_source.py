"""Where values come from: one random stream, one language, the habits of one document, Faker's names."""

from __future__ import annotations

import random
import string
from collections.abc import Sequence
from functools import cache
from typing import TypeVar

from faker import Factory, Generator

T = TypeVar("T")

_LOCALES = {"english": "en_US", "korean": "ko_KR"}


@cache
def _generator(locale: str) -> Generator:
    """Faker for a locale; slow to build, so the process keeps one and lends it out."""
    return Factory.create(locale)


class Source:
    """One random stream in one language. A document writes its dates and its money in one way, most of the time.

    Attributes:
        rng: the stream; whoever else draws from it changes what comes next.
        language: ``korean`` or ``english``.
    """

    def __init__(self, rng: random.Random, language: str) -> None:
        self.rng = rng
        self.language = language
        self._habit = rng.random()

    @property
    def korean(self) -> bool:
        """Whether values are Korean."""
        return self.language == "korean"

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return self.rng.choice(options)

    def usual(self, options: Sequence[T]) -> T:
        """One of the options, three times in four the same one in the whole document."""
        if self.rng.random() < 0.75:
            return options[int(self._habit * len(options))]
        return self.rng.choice(options)

    def chance(self, share: float) -> bool:
        """True with the probability ``share``, 0 to 1."""
        return self.rng.random() < share

    def shape(self, pattern: str) -> str:
        """A pattern filled: ``#`` a digit, ``%`` a digit above 0, ``@`` a capital letter; the rest as it is."""
        rng = self.rng
        made = {
            "#": lambda: rng.choice(string.digits),
            "%": lambda: rng.choice(string.digits[1:]),
            "@": lambda: rng.choice(string.ascii_uppercase),
        }
        return "".join(made[mark]() if mark in made else mark for mark in pattern)

    def fake(self, what: str) -> str:
        """What one of Faker's methods makes in this language, drawn from this stream."""
        generator = _generator(_LOCALES[self.language])
        generator.random = self.rng
        return str(getattr(generator, what)())
