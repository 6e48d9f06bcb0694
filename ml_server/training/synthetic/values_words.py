"""Words of dictionaries, for a vocabulary wider than any list here: Debian's word lists where they are installed.

Without them Faker's words serve; what a seed gives then differs from what it gives on a machine that has them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

from ml_server.training.synthetic.values_source import Source

_KOREAN = Path("/usr/share/hunspell/ko.dic")
_ENGLISH = (Path("/usr/share/dict/words"), Path("/usr/share/hunspell/en_US.dic"))
# hunspell-ko marks nouns with one of these flag sets; the rest are inflected verbs and suffixes.
_NOUN = re.compile(r"([가-힣]{2,5})/(?:10|25)")
_ENTRY = re.compile(r"([가-힣]{1,6})(?:/[\d,]*)?")
_WORD = re.compile(r"([a-z]{3,12})(?:/\w*)?")


def _read(path: Path, pattern: re.Pattern[str]) -> tuple[str, ...]:
    if not path.is_file():
        return ()
    lines = unicodedata.normalize("NFC", path.read_text(encoding="utf-8", errors="ignore")).splitlines()
    return tuple(sorted({match[1] for match in map(pattern.fullmatch, lines) if match}))


@cache
def korean_nouns() -> tuple[str, ...]:
    """Korean nouns of two to five syllables, sorted; empty without a word list."""
    return _read(_KOREAN, _NOUN)


@cache
def korean_entries() -> tuple[str, ...]:
    """All Korean entries of one to six syllables, verbs, suffixes and foreign words too; empty without a word list."""
    return _read(_KOREAN, _ENTRY)


@cache
def english_words() -> tuple[str, ...]:
    """English lower-case words of 3 to 12 letters, sorted; empty without a word list."""
    return next((words for path in _ENGLISH if (words := _read(path, _WORD))), ())


def word(source: Source) -> str:
    """One word of the dictionary in the source's language."""
    words = korean_nouns() if source.korean else english_words()
    if words and (source.korean or source.chance(0.5)):
        return source.pick(words)
    return source.fake("last_name" if source.korean else "word")
