"""Lines around marks, so that each of them is seen often: numbers of clauses, boxes to tick, units, brackets, arrows.

Text as documents have it knows ① and ② and hardly ever ⑭, and what is hardly ever seen is read as its neighbour. So
here the mark is drawn first, those of Korean documents five times as often as the others, and then its place.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate

from ml_server.training.recognition import alphabet, phrases_marks
from ml_server.training.synthetic import values_kinds
from ml_server.training.synthetic.content_reading import read_lists
from ml_server.training.synthetic.values_source import Source

_OFTEN = 5.0
_TIGHT = 0.22
"""Share of lines whose marks have no spaces beside them."""

# Marks of a kind stand in one another's place; the first kind that has a mark counts.
KINDS: dict[str, tuple[str, ...]] = {
    "ordinal": (
        "".join(map(chr, range(0x2460, 0x2474))),
        "".join(map(chr, range(0x3260, 0x326E))),
        "".join(map(chr, range(0x326E, 0x327C))),
        "".join(map(chr, range(0x2474, 0x2483))),
        "".join(map(chr, range(0x320E, 0x321C))),
        "".join(map(chr, range(0x24D0, 0x24EA))),
        "".join(map(chr, range(0x2776, 0x2780))),
        "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫ",
    ),
    "box": ("☐☑☒□■", "✓✔✘", "○●◎⊙"),
    "unit": (
        "㎡㎥㎢㎜㎝㎞㎟㎠㎤㎛㏊",
        "㎎㎏㎍㎖㎗㎘㎕ℓ㏄",
        "㎾㎐㎑㎒㎓㏈㎩㎪㎫㎸㎃㎽㎿㏀㎧",
        "㎉℃℉Å‰",
    ),
    "money": ("₩£€¥¢",),
    "bracket": ("「」『』〈〉《》【】〔〕‘’“”",),
    "arrow": ("→←↑↓↔⇒⇔↗↘",),
    "bullet": ("※·•▪◦□■▲△▼▽●○◎◆◇◈★☆▶▷◀◁▣☞♣♥♡♠§",),
    "company": ("㈜㈔",),
}
_ASKED = frozenset(
    "".join(KINDS["ordinal"][:2]) + KINDS["ordinal"][3] + "㉮㉯㉰㉱㉲㈜㎡㎏㎉㎘☐☑☒✔₩※·「」『』→○□■●㎥㎝㎜"
)
"""What Korean forms, statutes and receipts are full of."""


_LONG_ENOUGH = 30
"""Characters after which no further mark is put behind the others."""


def marks(source: Source) -> str:
    """Marks with what stands around them, one or several one after the other."""
    made = _one(source)
    while len(made) < _LONG_ENOUGH and source.chance(0.5):
        made += f" {_one(source)}"
    return made


def _one(source: Source) -> str:
    mark = source.rng.choices(alphabet.symbols(), cum_weights=_weights())[0]
    kinds = _kinds_of(mark)
    kind, row = source.pick(kinds) if kinds else ("other", mark)
    if kind == "bracket":
        return _bracketed(source, row.index(mark) // 2 * 2, row)
    template = source.pick(_templates()[kind])
    if source.chance(_TIGHT):
        for slot in ("{m}", "{n}", "{o}"):
            template = template.replace(f"{slot} ", slot).replace(f" {slot}", slot)
    at = row.index(mark)
    for slot, other in (("{m}", mark), ("{n}", row[(at + 1) % len(row)]), ("{o}", source.pick(row))):
        template = template.replace(slot, other)
    return values_kinds.expand(source, template.replace("{digit}", str(source.rng.randint(1, 9))))


def _bracketed(source: Source, at: int, row: str) -> str:
    inside = source.pick(
        ("{noun} {noun}", "{noun}기본법", "{word}", "{noun}", "표 {small}", "{noun}의 {noun}", "{company}")
    )
    around = source.pick(
        (
            "{b}",
            "{b}",
            "{b} 제{small}조",
            "{noun} {b}",
            "{b}의 {noun}",
            "{noun}은(는) {b}에 따른다.",
            "{b}, {year}",
            "{b}{b}",
        )
    )
    made = around.replace("{b}", row[at] + inside + row[at + 1])
    return values_kinds.expand(source, made)


@cache
def _templates() -> dict[str, tuple[str, ...]]:
    return read_lists(phrases_marks.TEXT)


@cache
def _kinds_of(mark: str) -> tuple[tuple[str, str], ...]:
    return tuple((kind, row) for kind, rows in KINDS.items() for row in rows if mark in row)


@cache
def _weights() -> tuple[float, ...]:
    return tuple(accumulate(_OFTEN if mark in _ASKED else 1.0 for mark in alphabet.symbols()))
