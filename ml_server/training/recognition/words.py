"""Words and characters that make a line without meaning much: dictionaries, rare syllables, symbols, codes, Hanja."""

from __future__ import annotations

import string
from functools import cache

import wordfreq

from ml_server.training.recognition import alphabet
from ml_server.training.synthetic import values_kinds, values_words
from ml_server.training.synthetic.values_source import Source

_PARTICLES = (
    "을(를) 이(가) 은(는) 과(와) 으로(로) 의 에 에서 에게 도 만 까지 부터 처럼 보다 하고 조차 마다 에는 에서는 에도 "
    "이며 입니다 이다 하였다 합니다 한다 하여 하는 했던 되는 된 될 됨 함 적 적인 별 등 및"
)
_MARKS = ",.·-/:;()[]~%&+=*#@!?_|<>…→※–"
_FIGURES = (
    "{:,.0f} | {:.0f} | {:,.1f} | {:.2f} | {:.3f} | ({:,.0f}) | △{:,.1f} | -{:.1f} | +{:.1f}% | {:,.0f}원 | {:.1f}%"
)
_LETTERS = string.ascii_letters + string.digits
_PUNCTUATED = _LETTERS + string.punctuation


@cache
def _english() -> tuple[str, ...]:
    """Common English words, names and abbreviations among them, small."""
    return tuple(word for word in wordfreq.top_n_list("en", 25000, ascii_only=True) if word.isalpha())


def korean_words(source: Source, number: int) -> str:
    """Nouns of the dictionary, most with a particle that agrees."""
    made = []
    for _ in range(number):
        word = values_words.word(source)
        made.append(
            values_kinds.expand(source, word + (source.pick(_PARTICLES.split()) if source.chance(0.65) else ""))
        )
        if source.chance(0.08):
            made[-1] += source.pick((",", ".", "·", "?", "!"))
    return " ".join(made)


def english_words(source: Source, number: int) -> str:
    """Words of the dictionary: small, capitalised or all capitals."""
    made = [source.pick(_english()) if source.chance(0.7) else values_words.word(source) for _ in range(number)]
    made = [word + source.pick((",", ".", ";", ":", "'s", "!", "?")) if source.chance(0.08) else word for word in made]
    roll = source.rng.random()
    if roll < 0.3:
        return " ".join(made).upper()
    return " ".join(word.capitalize() if roll < 0.55 else word for word in made)


def syllables(source: Source) -> str:
    """Syllables without meaning, all of Unicode's as likely as the common ones, so that each is seen.

    A fifth of these lines draw from the 2,350 of KS X 1001 alone; rare ones hide among those in another fifth.
    """
    rng = source.rng
    common = alphabet.common_syllables()
    share = source.pick((0.0, 0.4, 1.0, 1.0, 1.0))
    first, last = alphabet.FIRST_SYLLABLE, alphabet.LAST_SYLLABLE
    made = [
        chr(rng.randint(first, last)) if rng.random() < share else rng.choice(common) for _ in range(rng.randint(2, 18))
    ]
    return "".join(mark + (" " if source.chance(0.18) else "") for mark in made)


def symbols(source: Source) -> str:
    """Symbols alone, in a row or around words and numbers."""
    rng = source.rng
    some = [rng.choice(alphabet.symbols()) for _ in range(rng.randint(1, 5))]
    roll = rng.random()
    if roll < 0.25:
        return "".join(some)
    if roll < 0.4:
        return " ".join(some)
    if roll < 0.5:
        return "".join(rng.choice(string.punctuation + "·※₩℃㎡") for _ in range(rng.randint(2, 10)))
    word = values_words.word(source) if rng.random() < 0.7 else str(rng.randrange(1000))
    if roll < 0.7:
        return some[0] + source.pick(("", " ")) + word
    if roll < 0.85:
        return word + source.pick(("", " ")) + some[0] + source.pick(("", " ")) + values_words.word(source)
    return f"{rng.randrange(2000)}{source.pick(('', ' '))}{some[0]}" + "".join(some[1:2])


def hanja(source: Source) -> str:
    """Chinese characters: a word of them, or one behind its reading's place in brackets, or dates."""
    rng = source.rng
    word = "".join(rng.choice(alphabet.hanja()) for _ in range(rng.randint(1, 6)))
    roll = rng.random()
    if roll < 0.4:
        return word
    if roll < 0.75:
        return f"{values_words.word(source)}({word}){source.pick(('', '은', '의 ' + values_words.word(source)))}"
    if roll < 0.85:
        return f"{rng.randrange(1900, 2030)}年 {rng.randrange(1, 13)}月 {rng.randrange(1, 32)}日"
    return f"{values_words.word(source)} {word} {values_words.word(source)}"


def jamo(source: Source) -> str:
    """Single letters of Hangul, as choices and chat write them."""
    return "".join(chr(source.rng.randint(0x3131, 0x3163)) for _ in range(source.rng.randint(1, 6)))


def gibberish(source: Source) -> str:
    """Letters, digits and marks without order: serial numbers, keys, passwords."""
    rng = source.rng
    marks = source.pick((_LETTERS, _PUNCTUATED, _PUNCTUATED, string.digits, string.ascii_uppercase + string.digits))
    return "".join(rng.choice(marks) for _ in range(rng.randint(1, 14)))


def file_name(source: Source) -> str:
    """The name of a file, a path, a variable, a query, a formula."""
    rng = source.rng
    one, other = values_words.word(source), source.pick(_english())
    number = rng.randrange(1000)
    return source.pick(
        (
            f"{one}_{other}_{number}.{source.pick(('pdf', 'hwp', 'xlsx', 'docx', 'png', 'zip'))}",
            f"C:\\{other.capitalize()}\\{one}\\{number}.txt",
            f"/{other}/{one}/{number}?id={number}&{other}={rng.randrange(99)}#{other[:3]}",
            f"{other}_{number} = {{'{one}': {number}}}",
            f"{one} | {other} | {number}",
            f"<{other}>{one}</{other}>",
            f"`{other}` ^{number} {{{one}}}",
            f"{other.upper()}_{rng.choice(_LETTERS).upper()}{number}",
            f"({rng.choice('abcxyz')}+{number})^2={rng.choice('abcxyz')}_{rng.randrange(10)}; {one}",
        )
    )


def accented(source: Source) -> str:
    """An English word with letters of its neighbours' languages in it."""
    word = list(values_words.word(source))
    letters = [mark for mark in alphabet.characters() if "À" <= mark <= "ž" and mark.isalpha()]
    for _ in range(source.rng.randint(1, 2)):
        word[source.rng.randrange(len(word))] = source.pick(letters)
    return "".join(word)


def numbers(source: Source) -> str:
    """Figures in a row, as tables and statistics print them."""
    rng = source.rng
    made = []
    for _ in range(rng.randint(1, 5)):
        made.append(source.pick(_FIGURES.split(" | ")).format(10 ** rng.uniform(0, 8)))
    return source.pick((" ", " ", " ", " / ", "~", ", ")).join(made)


def marked(source: Source, text: str) -> str:
    """The text with one mark of punctuation put somewhere between its words."""
    at = text.find(" ", source.rng.randrange(len(text)))
    return text if at < 0 else f"{text[:at]}{source.pick(('', ' '))}{source.pick(_MARKS)}{text[at:]}"
