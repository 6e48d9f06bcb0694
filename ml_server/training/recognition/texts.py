"""What a line says: mostly what documents say, a share of what only a dictionary or a code page would."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

from ml_server.training.recognition import alphabet, phrases_en, phrases_ko, words
from ml_server.training.recognition.eojeol import eojeols
from ml_server.training.recognition.hanja import balanced_hanja
from ml_server.training.recognition.marks import marks
from ml_server.training.synthetic import values_kinds
from ml_server.training.synthetic.content import Content
from ml_server.training.synthetic.content_reading import read_lists
from ml_server.training.synthetic.values_source import Source

LONGEST = 60
# Kinds whose answers fill lines of their own in forms and tables.
_VALUES = "date period money amount number percent unit dimensions phone code business account citizen email url name"
_ENGLISH_SLOT = re.compile(r"\{(\w+)_(?:en|EN)\}")


@dataclass(frozen=True, slots=True)
class Blend:
    """Shares of languages among the lines; what is left is Korean.

    Attributes:
        english: 0 to 1.
        mixed: Korean with English in it, 0 to 1.
        syllables: Hangul without meaning, each of the 11,172 syllables as likely as the others, 0 to 1.
        marks: marks and symbols where documents have them, each as likely as the others of its kind, 0 to 1.
        hanja: Chinese characters, each as likely as the others, 0 to 1.
    """

    english: float = 0.35
    mixed: float = 0.13
    syllables: float = 0.08
    marks: float = 0.0
    hanja: float = 0.0


_Maker = Callable[[Random, Source, Content], str]


def _list(name: str) -> _Maker:
    return lambda rng, source, content: _phrase(source, name)


# What lines of a language are made of, with weights.
_KOREAN: tuple[tuple[float, _Maker], ...] = (
    (20, lambda rng, source, content: _form(rng, content)),
    (24, lambda rng, source, content: _prose(rng, content)),
    (10, lambda rng, source, content: words.korean_words(source, rng.randint(1, 9))),
    (80, lambda rng, source, content: eojeols(source, rng.randint(1, 10))),
    (9, lambda rng, source, content: values_kinds.value(source, rng.choice(_VALUES.split()))),
    (3, lambda rng, source, content: words.numbers(source)),
    (7, _list("clause")),
    (6, lambda rng, source, content: f"{_phrase(source, 'bullet')}{rng.choice((' ', ' ', ''))}{_prose(rng, content)}"),
    (5, _list("receipt")),
    (6, _list("label")),
    (5, lambda rng, source, content: words.symbols(source)),
    (1, lambda rng, source, content: words.file_name(source)),
    (3, lambda rng, source, content: words.hanja(source)),
    (1, lambda rng, source, content: words.jamo(source)),
    (2, lambda rng, source, content: rng.choice(alphabet.characters()[:-1])),
    (2, lambda rng, source, content: rng.choice(alphabet.common_syllables())),
)
_ENGLISH: tuple[tuple[float, _Maker], ...] = (
    (26, lambda rng, source, content: _form(rng, content)),
    (24, lambda rng, source, content: _prose(rng, content)),
    (14, lambda rng, source, content: words.english_words(source, rng.randint(1, 8))),
    (12, lambda rng, source, content: values_kinds.value(source, rng.choice(_VALUES.split()))),
    (3, lambda rng, source, content: words.numbers(source)),
    (5, _list("clause")),
    (3, lambda rng, source, content: f"{_phrase(source, 'bullet')}{rng.choice((' ', ' ', ''))}{_prose(rng, content)}"),
    (6, _list("receipt")),
    (4, _list("label")),
    (3, _list("both")),
    (5, lambda rng, source, content: words.gibberish(source)),
    (1.5, lambda rng, source, content: words.accented(source)),
    (2.5, lambda rng, source, content: words.symbols(source)),
    (2, lambda rng, source, content: words.file_name(source)),
)
_MIXED: tuple[tuple[float, _Maker], ...] = (
    (35, lambda rng, source, content: _form(rng, content)),
    (15, lambda rng, source, content: _prose(rng, content)),
    (45, _list("both")),
    (5, lambda rng, source, content: f"{words.gibberish(source)} {words.korean_words(source, 2)}"),
)
_MAKERS = {"korean": _KOREAN, "english": _ENGLISH, "mixed": _MIXED}


def text(rng: Random, blend: Blend) -> str:
    """One line of text as it is to be drawn: 1 to ``LONGEST`` characters, single spaces inside, none at its ends.

    What a reader is to write is ``alphabet.folded`` of it.

    Args:
        rng: source of all chance.
        blend: how much of which language.
    """
    while True:
        roll = rng.random()
        language = "english" if roll < blend.english else "mixed" if roll < blend.english + blend.mixed else "korean"
        source = Source(rng, "english" if language == "english" else "korean")
        above = 1 - roll
        if language == "korean" and above < blend.syllables + blend.marks + blend.hanja:
            balanced = (
                words.syllables
                if above < blend.syllables
                else marks
                if above < blend.syllables + blend.marks
                else balanced_hanja
            )
            made = balanced(source)
        else:
            makers = _MAKERS[language]
            make = rng.choices([maker for _, maker in makers], [weight for weight, _ in makers])[0]
            made = make(rng, source, Content(rng, language))
        made = " ".join(_shortened(rng, made).split())
        made = _disguised(rng, _dressed(rng, made)) if made else ""
        if made and alphabet.known().issuperset(alphabet.folded(made)):
            return made


@cache
def _phrases(language: str) -> dict[str, tuple[str, ...]]:
    return read_lists((phrases_ko if language == "korean" else phrases_en).TEXT)


def _phrase(source: Source, name: str) -> str:
    template = source.pick(_phrases(source.language)[name]).replace("{digit}", str(source.rng.randint(1, 9)))
    return values_kinds.expand(source, _ENGLISH_SLOT.sub(lambda slot: _english(source, slot[1]), template))


def _english(source: Source, kind: str) -> str:
    made = values_kinds.value(Source(source.rng, "english"), kind.lower())
    if kind.isupper():
        return made.upper()
    return made[:1].upper() + made[1:] if kind[0].isupper() else made


def _form(rng: Random, content: Content) -> str:
    """A label, an answer, both, a title, a heading, or a row of a table."""
    roll = rng.random()
    if roll < 0.7:
        field = content.field()
        shapes = (field.key, field.key, field.value, field.value, field.value)
        return rng.choice((*shapes, f"{field.key}: {field.value}", f"{field.key} {field.value}", f"{field.key} :"))
    topic = rng.choice(content.topics)
    if roll < 0.78:
        return content.title(topic)
    if roll < 0.84:
        return content.section(topic)
    if roll < 0.88:
        return content.footer()
    if roll < 0.92:
        return rng.choice((content.organisation(), content.address(), content.slogan()))
    headers, rows = content.table(topic, rng.randint(2, 5), 1)
    return " ".join(rng.choice((headers, rows[0])))


def _prose(rng: Random, content: Content) -> str:
    """A line out of a paragraph: it begins and ends anywhere between words, or between syllables in Korean."""
    said = content.paragraph(rng.randint(1, 4))
    if rng.random() < 0.35:
        return said
    begins = [0, *(at + 1 for at, mark in enumerate(said[:-2]) if mark == " ")]
    # Early rather than late: most lines of a page are full.
    said = said[rng.choice(begins[: 1 + len(begins) // 2]) :]
    if rng.random() < 0.2 and any("가" <= mark <= "힣" for mark in said):
        return said[rng.randrange(min(3, len(said))) :]
    return said


def _shortened(rng: Random, made: str) -> str:
    """The text cut to a length that lines have: mostly at a space, sometimes between syllables."""
    limit = rng.choice((12, 20, 28, 36, 44, 52, LONGEST, LONGEST))
    if len(made) <= limit:
        return made
    cut = made.rfind(" ", 1, limit + 1)
    return made[:limit] if cut < 1 or rng.random() < 0.12 else made[:cut]


def _dressed(rng: Random, made: str) -> str:
    """Now and then as headings and marks of punctuation make it: spaced out, all capitals, in brackets."""
    roll = rng.random()
    if roll < 0.02 and len(made) <= 6:
        return " ".join(made.replace(" ", ""))
    if roll < 0.06:
        return made.upper()
    if roll < 0.08 and len(made) <= LONGEST - 2:
        return rng.choice(("({})", "[{}]", "<{}>", "「{}」", "【{}】", '"{}"', "“{}”", "‘{}’", "『{}』")).format(made)
    if roll < 0.1:
        return words.marked(Source(rng, "korean"), made)[:LONGEST].strip()
    # Korean text on the net and on receipts leaves its spaces out.
    return made.replace(" ", "") if roll < 0.12 and len(made) <= 20 else made


def _disguised(rng: Random, made: str) -> str:
    """Some characters drawn as a look-alike that reads the same."""
    if rng.random() < 0.5:
        return made
    return "".join(
        rng.choice(others) if mark != " " and (others := alphabet.look_alikes(mark)) and rng.random() < 0.6 else mark
        for mark in made
    )
