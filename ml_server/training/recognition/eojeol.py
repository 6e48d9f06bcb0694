"""Korean words as texts have them, and the syllables that hardly any text has.

Forms repeat themselves: a few hundred syllables make nearly all of them, and a reader trained on forms alone takes 메
for 에. So a part of all lines is made of words of the whole language, half of them by how often they occur and half
so that every syllable comes up as often as the others.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate

import wordfreq

from ml_server.training.recognition import alphabet
from ml_server.training.synthetic import values_words
from ml_server.training.synthetic.values_source import Source

_FLATTENED = 0.5
"""Zipf's exponent of the words drawn by rank; 1 would be the language's own, which says little beside 는 and 이."""

_ENDS = ",.·?!:"


def eojeols(source: Source, number: int) -> str:
    """Words with single spaces between them.

    Args:
        source: of chance.
        number: of words, at least 1.
    """
    made = []
    for _ in range(number):
        word = _balanced(source) if source.chance(0.5) else _natural(source)
        made.append(word + source.pick(_ENDS) if source.chance(0.08) else word)
    return " ".join(made)


def _natural(source: Source) -> str:
    """A stem, or a stem with what Korean puts behind it, by how often they occur."""
    pieces = _pieces()
    count = source.rng.choices((1, 2, 3), (0.35, 0.5, 0.15))[0]
    return "".join(source.rng.choices(pieces, cum_weights=_weights(), k=count))


def _balanced(source: Source) -> str:
    """A word that has a syllable drawn from all that occur in any; alone or with an ending."""
    by_syllable = _by_syllable()
    word = source.pick(by_syllable[source.pick(_syllables())])
    return word + source.pick(_pieces()[:300]) if source.chance(0.4) else word


@cache
def _pieces() -> tuple[str, ...]:
    """Words and their parts, the commonest first."""
    known = alphabet.known()
    return tuple(
        piece for piece in wordfreq.top_n_list("ko", 30000) if "가" <= piece[0] <= "힣" and known.issuperset(piece)
    )


@cache
def _weights() -> tuple[float, ...]:
    return tuple(accumulate(rank**-_FLATTENED for rank in range(1, len(_pieces()) + 1)))


@cache
def _by_syllable() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for word in (*values_words.korean_entries(), *_pieces()):
        for syllable in set(word):
            found.setdefault(syllable, []).append(word)
    return {syllable: tuple(words) for syllable, words in sorted(found.items())}


@cache
def _syllables() -> tuple[str, ...]:
    return tuple(syllable for syllable in _by_syllable() if "가" <= syllable <= "힣")
