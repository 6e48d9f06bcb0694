"""How one page looks: fonts, sizes, rules and habits, drawn once for the page."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

# Families of Debian's font packages; a family that is absent falls back to the next one the browser has.
_TYPEWRITER = ("Liberation Mono", "Nimbus Mono PS", "FreeMono", "Courier Prime", "TeX Gyre Cursor", "Compagnon")
_SANS = (
    "Liberation Sans",
    "Nimbus Sans",
    "FreeSans",
    "TeX Gyre Heros Cn",
    "Liberation Sans Narrow",
    "Carlito",
    "Open Sans",
    "Lato",
    "DejaVu Sans Condensed",
    "URW Gothic",
    "Roboto Condensed",
)
_SERIF = (
    "Liberation Serif",
    "Nimbus Roman",
    "FreeSerif",
    "TeX Gyre Schola",
    "URW Bookman",
    "Caladea",
    "TeX Gyre Pagella",
    "C059",
)
_HANGUL_SANS = (
    "NanumGothic",
    "NanumBarunGothic",
    "NanumSquare",
    "Noto Sans CJK KR",
    "Baekmuk Dotum",
    "Baekmuk Gulim",
    "UnDotum",
    "NanumGothicCoding",
)
_HANGUL_SERIF = ("NanumMyeongjo", "Noto Serif CJK KR", "Baekmuk Batang", "UnBatang", "UnGungseo")
_HAND = ("DkgHandwriting", "Dancing Script", "Breip", "Nanum Pen Script", "Nanum Brush Script")
_HANGUL_HAND = ("Nanum Pen Script", "Nanum Brush Script", "NanumBarunpen", "UnPilgi")

_PAPERS = ((827, 1169), (827, 1169), (850, 1100), (850, 1100), (850, 1400), (780, 1000))
_RULES = ("1px solid #000", "1px solid #000", "1px solid #666", "2px solid #000", "1px dotted #333", "3px double #000")


@dataclass(frozen=True, slots=True)
class Style:
    """One page's habits.

    Attributes:
        width: of the sheet in CSS pixels, about 100 to the inch; it is also the picture's width.
        height: of the sheet in CSS pixels.
        margins: top, right, bottom, left in pixels.
        key_font: CSS family list of the printed words.
        value_font: of what was filled in.
        head_font: of titles and section headers.
        hand_font: of signatures and handwriting.
        size: of the keys in pixels.
        value_size: of the values in pixels.
        leading: line height as a multiple of the size.
        tracking: letter spacing in pixels.
        rule: CSS border of boxes and tables.
        padding: of table cells in pixels.
        shade: CSS background of key cells, "" for none.
        inverse: header cells are white on black.
        bold_keys: whether keys are bold.
        upper_keys: whether keys are upper-case.
        colon: probability that a key outside a table ends with a colon.
        blank: probability that a question has no answer.
        gap: between blocks in pixels.
        row_gap: between rows in pixels.
        keep_words: Hangul words are not broken at the end of a line.
        centred_heads: section headers stand in the middle.
        mark: how a ticked box is drawn.
        empty_mark: how an open box is drawn.
        loose_colon: probability that a colon stands apart from its key.
        wordy: probability that a field is answered by sentences.
        offset: right and down, in pixels: how far typed values miss their lines.
        split_lines: every line of a paragraph is an entity of its own.
        newspaper: the sheet has two columns.
        shuffle: probability that a block's entities are listed out of reading order.
    """

    width: int
    height: int
    margins: tuple[int, int, int, int]
    key_font: str
    value_font: str
    head_font: str
    hand_font: str
    size: float
    value_size: float
    leading: float
    tracking: float
    rule: str
    padding: int
    shade: str
    inverse: bool
    bold_keys: bool
    upper_keys: bool
    colon: float
    blank: float
    gap: int
    row_gap: int
    keep_words: bool
    centred_heads: bool
    mark: str
    empty_mark: str
    loose_colon: float
    wordy: float
    offset: tuple[float, float]
    split_lines: bool
    newspaper: bool
    shuffle: float


def _family(rng: Random, hangul: bool, group: str) -> str:
    latin = {"mono": _TYPEWRITER, "sans": _SANS, "serif": _SERIF}[group]
    if not hangul:
        return f"'{rng.choice(latin)}','Liberation Sans'"
    korean = rng.choice(_HANGUL_SERIF if group == "serif" else _HANGUL_SANS)
    # A quarter of Korean pages take their Latin letters and digits from a Latin face, as word processors do.
    return f"'{rng.choice(latin)}','{korean}'" if rng.random() < 0.25 else f"'{korean}','Liberation Sans'"


def _paper(rng: Random, kind: str) -> tuple[int, int]:
    if kind == "receipt":
        return rng.randint(300, 460), rng.randint(620, 1250)
    width, height = rng.choice(_PAPERS)
    return (height, width) if rng.random() < 0.06 else (width, height)


def random_style(rng: Random, language: str, kind: str = "form") -> Style:
    """Draw a style.

    Args:
        rng: the page's source of chance.
        language: "korean", "english" or "mixed"; all but "english" get fonts with Hangul.
        kind: of page; "receipt" is narrow and small.
    """
    hangul = language != "english"
    group = rng.choices(("mono", "sans", "serif"), (1, 6, 3) if hangul else (5, 4, 2))[0]
    key_font = _family(rng, hangul, group)
    value_font = key_font if rng.random() < 0.5 else _family(rng, hangul, rng.choice(("mono", "sans", "serif")))
    head_font = key_font if rng.random() < 0.6 else _family(rng, hangul, rng.choice(("sans", "serif")))
    hand_font = f"'{rng.choice(_HANGUL_HAND if hangul else _HAND)}',cursive"
    hand_filled = rng.random() < 0.08
    width, height = _paper(rng, kind)
    size = rng.uniform(9, 13) if kind == "receipt" else min(17.0, max(7.5, rng.gauss(12.2, 2.4)))
    value_size = size * (rng.uniform(1.25, 1.6) if hand_filled else rng.choice((1, 1, 1, rng.uniform(0.9, 1.25))))
    side = rng.randint(8, 26) if kind == "receipt" else rng.randint(25, 110)
    return Style(
        width=width,
        height=height,
        margins=(
            rng.randint(14, 110),
            max(6, side + rng.randint(-20, 20)),
            rng.randint(30, 110),
            max(6, side + rng.randint(-20, 20)),
        ),
        key_font=key_font,
        value_font=hand_font if hand_filled else value_font,
        head_font=head_font,
        hand_font=hand_font,
        size=size,
        value_size=value_size,
        leading=rng.uniform(1.05, 1.6),
        tracking=rng.choice((0.0, 0.0, 0.0, rng.uniform(-0.3, 0.9))),
        rule=rng.choice(_RULES),
        padding=rng.randint(1, 9),
        shade=rng.choice(("", "", "", "#ddd", "#eee", "#e6ecf5") if not hangul else ("", "#ddd", "#eee", "#e6ecf5")),
        inverse=rng.random() < 0.05,
        bold_keys=rng.random() < 0.3,
        upper_keys=rng.random() < 0.35,
        colon=rng.choice((0.0, 0.1, 0.95, 1.0) if hangul else (0.0, 0.0, 0.2, 0.7, 1.0, 1.0)),
        blank=rng.choices((0.04, 0.2, 0.45, 0.75, 1.0), (34, 24, 20, 13, 9))[0],
        gap=rng.randint(4, 34),
        row_gap=rng.randint(0, 14),
        keep_words=rng.random() < 0.6,
        centred_heads=rng.random() < 0.25,
        mark=rng.choice(("☑", "☒", "■", "☑", "V", "✓", "X")),
        empty_mark=rng.choice(("☐", "□", "□", "[ ]", "( )", "○", "___")),
        loose_colon=rng.choice((0.0, 0.1, 1.0)),
        wordy=rng.choice((0.0, 0.01, 0.06)),
        offset=(rng.uniform(-3, 8), rng.uniform(-2.5, 2.5)) if rng.random() < 0.3 else (0.0, 0.0),
        split_lines=rng.random() < 0.3,
        newspaper=kind == "form" and rng.random() < 0.05,
        shuffle=rng.choice((0.0, 0.0, 0.3, 0.8)),
    )
