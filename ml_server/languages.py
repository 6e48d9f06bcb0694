"""Languages as people write them, and as each engine calls them.

Inside the package a language is one canonical lower-case English name; a request may ask for several.
"""

from __future__ import annotations

from dataclasses import dataclass

from ml_server.errors import UnsupportedLanguage


@dataclass(frozen=True, slots=True)
class Language:
    """One language and its names.

    Attributes:
        name: canonical, for example ``korean``.
        codes: what callers may write besides the name: ISO 639-1, ISO 639-2 and what OCR users are used to.
        tesseract: traineddata name.
        easyocr: EasyOCR code.
        paddle: PaddleOCR ``lang``.
    """

    name: str
    codes: tuple[str, ...]
    tesseract: str
    easyocr: str
    paddle: str


LANGUAGES: tuple[Language, ...] = (
    Language("korean", ("ko", "kor", "ko-kr", "한국어"), "kor", "ko", "korean"),
    Language("english", ("en", "eng", "en-us", "en-gb", "영어"), "eng", "en", "en"),
    Language("japanese", ("ja", "jpn", "japan"), "jpn", "ja", "japan"),
    Language("chinese", ("zh", "chi", "zho", "ch", "ch_sim", "chi_sim", "zh-cn"), "chi_sim", "ch_sim", "ch"),
    Language("chinese_traditional", ("zh-tw", "ch_tra", "chi_tra", "chinese_cht"), "chi_tra", "ch_tra", "chinese_cht"),
    Language("french", ("fr", "fra", "fre"), "fra", "fr", "fr"),
    Language("german", ("de", "deu", "ger"), "deu", "de", "de"),
    Language("spanish", ("es", "spa"), "spa", "es", "es"),
    Language("italian", ("it", "ita"), "ita", "it", "it"),
    Language("portuguese", ("pt", "por"), "por", "pt", "pt"),
    Language("vietnamese", ("vi", "vie"), "vie", "vi", "vi"),
)

_BY_ALIAS = {alias: language for language in LANGUAGES for alias in (language.name, *language.codes)}


def parse(text: str) -> tuple[Language, ...]:
    """Languages named in ``text``, in the order given, without repeats.

    Args:
        text: one or more names or codes separated by ``+`` or ``,``; case and spaces do not matter.

    Raises:
        UnsupportedLanguage: nothing named, or a name nobody knows; the message lists what is known.
    """
    found: dict[str, Language] = {}
    for part in text.replace(",", "+").split("+"):
        alias = part.strip().lower()
        if not alias:
            continue
        language = _BY_ALIAS.get(alias) or _BY_ALIAS.get(alias.replace("_", "-"))
        if language is None:
            raise UnsupportedLanguage(f"unknown language {alias[:40]!r}; known: {known()}", field="language")
        found[language.name] = language
    if not found:
        raise UnsupportedLanguage(f"no language given; known: {known()}", field="language")
    return tuple(found.values())


def canonical(languages: tuple[Language, ...]) -> str:
    """Canonical names joined by ``+``."""
    return "+".join(language.name for language in languages)


def known() -> str:
    """For error messages: ``korean (ko, kor), english (en, eng), …``."""
    return ", ".join(f"{language.name} ({', '.join(language.codes[:2])})" for language in LANGUAGES)
