"""Labels of fields: written ones dressed up, and new ones put together from parts."""

from __future__ import annotations

from functools import cache

from ml_server.training.synthetic import fields_bilingual
from ml_server.training.synthetic.content_reading import read_lists
from ml_server.training.synthetic.values_kinds import expand
from ml_server.training.synthetic.values_source import Source

_CIRCLED = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫"
_ENGLISH = (
    ("{Adjective} {noun}", "text"),
    ("{Noun} {noun}", "text"),
    ("{Noun} of {noun}", "text"),
    ("{Noun} No.", "code"),
    ("{Noun} number", "code"),
    ("{Noun} code", "code"),
    ("{Noun} date", "date"),
    ("Date of {noun}", "date"),
    ("Date {noun} received", "date"),
    ("{Adjective} {noun} cost", "money"),
    ("Total {noun} amount", "money"),
    ("No. of {noun}s", "number"),
    ("Number of {adjective} {noun}s", "number"),
    ("{Noun} type", "text"),
    ("Type of {noun}", "text"),
    ("{Noun} name", "word"),
    ("{Noun} (%)", "percent"),
    ("{Adjective} {noun} {noun}", "text"),
    ("{Word} {noun}", "text"),
    ("{Word}", "text"),
    ("{Noun} / {noun}", "text"),
    ("{Noun} & {noun}", "text"),
    ("{Noun}s to be used", "text"),
    ("{Verb} by", "name"),
    ("{Verb} {noun} to", "name"),
    ("Person responsible for {noun}", "name"),
    ("{Noun} {noun} period", "period"),
    ("Describe the {adjective} {noun}", "long_text"),
    ("Reason for {noun} {noun}", "reason"),
    ("How was the {noun} {noun} obtained?", "text"),
    ("Is the {noun} {adjective}?", "choice"),
    ("If not {adjective}, state {noun}", "text"),
    ("Give {noun} and {noun} of the {adjective} {noun}", "long_text"),
    ("{Noun} status", "status"),
    ("{Noun} weight", "unit"),
    ("{Adjective} {noun} required?", "choice"),
)
_KOREAN = (
    ("{noun}{head}", "text"),
    ("{noun} {head}", "text"),
    ("{adjective}{noun}", "text"),
    ("{adjective} {noun} {head}", "text"),
    ("{word}명", "word"),
    ("{noun}명", "text"),
    ("{noun}일자", "date"),
    ("{noun}일", "date"),
    ("{adjective} {noun}일", "date"),
    ("{noun}번호", "code"),
    ("{noun} 코드", "code"),
    ("{adjective}금액", "money"),
    ("{noun}비", "money"),
    ("{noun}금액", "money"),
    ("{noun} 수량", "number"),
    ("{adjective} {noun}수", "number"),
    ("{noun}률(%)", "percent"),
    ("{noun} 담당자", "name"),
    ("{noun}자", "name"),
    ("{noun}기관", "company"),
    ("{noun}업체", "company"),
    ("{noun}장소", "place"),
    ("{noun}기간", "period"),
    ("{noun} 사유", "reason"),
    ("{noun}목적", "purpose"),
    ("{noun}방법", "method"),
    ("{noun} 여부", "choice"),
    ("{noun}상태", "status"),
    ("{word}", "text"),
    ("{word} {head}", "text"),
    ("{word}{head}", "text"),
    ("{noun}과(와)의 관계", "relation"),
    ("{noun}에 관한 사항", "long_text"),
    ("{noun} {noun}의 {adjective} 내용", "long_text"),
    ("{noun}·{noun}", "text"),
)


def composed(source: Source) -> tuple[str, str]:
    """A label that no list holds, and the kind of its answer."""
    template, kind = source.pick(_KOREAN if source.korean else _ENGLISH)
    return expand(source, template), kind


@cache
def _pairs() -> tuple[tuple[str, str], ...]:
    """(Korean = English, kind) of every label in two languages."""
    return tuple((pair, kind) for kind, pairs in read_lists(fields_bilingual.TEXT).items() for pair in pairs)


@cache
def _english() -> dict[str, str]:
    return dict(pair.split(" = ") for pair, _ in reversed(_pairs()))


def translated(source: Source, label: str) -> str:
    """A Korean label with its English beside it, where that is known."""
    english = _english().get(label)
    return source.usual(("{} {}", "{} ({})", "{}({})")).format(label, english) if english else label


def bilingual(source: Source) -> tuple[str, str]:
    """A label in Korean and English side by side, and the kind of its answer."""
    pair, kind = source.pick(_pairs())
    korean, _, english = pair.partition(" = ")
    if source.chance(0.2):
        english = english.upper()
    styles = ("{k} ({e})", "{k}({e})", "{k} {e}", "{k} / {e}", "{e} ({k})", "{e} {k}", "{k}/{e}", "{e} / {k}")
    return source.usual(styles).format(k=korean, e=english), kind


def dressed(source: Source, label: str) -> str:
    """A label as a form prints it: numbered, its two syllables set apart, a unit or a note behind it."""
    if source.korean and 2 <= len(label) <= 3 and label.isalpha() and source.chance(0.1):
        label = source.pick((" ", " ", "  ")).join(label)
    if not source.chance(0.07):
        return label
    number = source.rng.randrange(1, 13)
    return source.pick(
        (f"{number}. {label}", f"({number}) {label}", f"{number}) {label}", f"{_CIRCLED[number - 1]} {label}")
    )
