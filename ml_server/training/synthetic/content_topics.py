"""The topics that documents are about, and what each says in each language."""

from __future__ import annotations

from functools import cache

from ml_server.training.synthetic import (
    fields_en_lab,
    fields_en_money,
    fields_en_office,
    fields_en_people,
    fields_en_public,
    fields_en_trade,
    fields_ko_lab,
    fields_ko_money,
    fields_ko_office,
    fields_ko_people,
    fields_ko_public,
    fields_ko_trade,
)
from ml_server.training.synthetic.content_reading import Topic, read_topics

_TEXTS = {
    "english": (
        fields_en_trade.TEXT,
        fields_en_money.TEXT,
        fields_en_people.TEXT,
        fields_en_public.TEXT,
        fields_en_office.TEXT,
        fields_en_lab.TEXT,
    ),
    "korean": (
        fields_ko_trade.TEXT,
        fields_ko_money.TEXT,
        fields_ko_people.TEXT,
        fields_ko_public.TEXT,
        fields_ko_office.TEXT,
        fields_ko_lab.TEXT,
    ),
}
# What any form may ask, whatever it is about; no topic of its own.
_COMMON = "common"


@cache
def _all(language: str) -> dict[str, Topic]:
    return read_topics(_TEXTS[language])


def topic(language: str, name: str) -> Topic:
    """What a topic says in a language, ``korean`` or ``english``.

    Raises:
        KeyError: no such topic.
    """
    return _all(language)[name]


def common(language: str) -> Topic:
    """What any form may say in a language."""
    return _all(language)[_COMMON]


@cache
def topic_names() -> tuple[str, ...]:
    """Every topic, sorted; all of them are written in both languages."""
    return tuple(sorted((_all("english").keys() & _all("korean").keys()) - {_COMMON}))
