"""Every kind of value, and the templates that mix kinds, lists and plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from ml_server.training.synthetic import (
    prose_en,
    prose_ko,
    values_codes,
    values_dates,
    values_lists_en,
    values_lists_ko,
    values_numbers,
    values_people,
    values_words,
)
from ml_server.training.synthetic.content_reading import read_lists
from ml_server.training.synthetic.values_source import Source

FORMATS: dict[str, Callable[[Source], str]] = {
    "date": values_dates.any_date,
    "time": values_dates.time,
    "period": values_dates.period,
    "money": values_numbers.money,
    "number": values_numbers.number,
    "percent": values_numbers.percent,
    "unit": values_numbers.unit,
    "unit_name": values_numbers.unit_name,
    "dimensions": values_numbers.dimensions,
    "dosage": values_numbers.dosage,
    "score": values_numbers.score,
    "age": values_numbers.age,
    "phone": values_codes.phone,
    "code": values_codes.code,
    "model": values_codes.model,
    "account": values_codes.account,
    "card": values_codes.card,
    "business": values_codes.business,
    "corporation": values_codes.corporation,
    "citizen": values_codes.citizen,
    "postcode": values_codes.postcode,
    "email": values_codes.email,
    "url": values_codes.url,
    "name": values_people.name,
    "names": values_people.names,
    "initials": values_people.initials,
    "company": values_people.company,
    "address": values_people.address,
    "place": values_people.place,
    "country": values_people.country,
    "job": values_people.job,
    "word": values_words.word,
    "last": lambda source: source.fake("last_name"),
    "city": lambda source: source.fake("city").rstrip("시군구"),
    "catch": lambda source: source.fake("catch_phrase"),
    "bs": lambda source: source.fake("bs"),
    "year": lambda source: str(values_dates.day(source).year),
    "small": lambda source: str(source.rng.randrange(1, 31)),
    "count": lambda source: str(source.rng.randrange(1, 200)),
    "price": lambda source: values_numbers.write_money(source, values_numbers.price(source)),
    "amount": lambda source: values_numbers.write_money(source, values_numbers.amount(source)),
}

_SLOT = re.compile(r"\{(\w+)\}(s\b)?")
# A particle written as 을(를) takes the form that the syllable before it asks for.
_PARTICLE = re.compile(r"(\S)(을\(를\)|이\(가\)|은\(는\)|과\(와\)|으로\(로\))")


@cache
def lists(language: str) -> dict[str, tuple[str, ...]]:
    """The lists of a language, by name."""
    if language == "korean":
        return read_lists(values_lists_ko.TEXT, prose_ko.TEXT)
    return read_lists(values_lists_en.TEXT, prose_en.TEXT)


def kinds() -> frozenset[str]:
    """Every kind that :func:`value` can make in both languages."""
    return frozenset(FORMATS) | (frozenset(lists("korean")) & frozenset(lists("english")))


def value(source: Source, kind: str) -> str:
    """A value of a kind.

    Args:
        source: where it comes from.
        kind: a name in ``FORMATS`` or of a list.

    Raises:
        KeyError: no such kind.
    """
    if kind in FORMATS:
        return FORMATS[kind](source)
    return expand(source, source.pick(lists(source.language)[kind]))


def phrase(source: Source, options: Sequence[str]) -> str:
    """One of the options, its slots filled."""
    return expand(source, source.pick(options))


def expand(source: Source, template: str) -> str:
    """A template with every ``{kind}`` in it replaced; ``{Kind}`` begins with a capital, ``{KIND}`` is all capitals."""

    def fill(match: re.Match[str]) -> str:
        made = value(source, match[1].lower())
        if match[2]:
            made = _plural(made)
        if match[1].isupper():
            return made.upper()
        return made[:1].upper() + made[1:] if match[1][0].isupper() else made

    filled = _SLOT.sub(fill, template)
    return _PARTICLE.sub(_agree, filled) if source.korean else filled


def _plural(noun: str) -> str:
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if re.search("[^aeiou]y$", noun) else f"{noun}s"


def _agree(match: re.Match[str]) -> str:
    before, particle = match[1], match[2]
    after_consonant, after_vowel = particle[:-1].split("(")
    final = (ord(before) - ord("가")) % 28 if "가" <= before <= "힣" else 0
    # 으로 also follows a vowel's rule after ㄹ, the eighth final.
    closed = final != 0 and not (particle.startswith("으로") and final == 8)
    return before + (after_consonant if closed else after_vowel)
