"""A page put together from blocks: which, in what order, under what titles."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ml_server.training.synthetic import (
    blocks_cells,
    blocks_fields,
    blocks_korean,
    blocks_prose,
    blocks_tables,
)
from ml_server.training.synthetic.blocks import draw_block, draw_narrow
from ml_server.training.synthetic.content import Content
from ml_server.training.synthetic.draft import Draft
from ml_server.training.synthetic.marks import draw_marks
from ml_server.training.synthetic.markup import div
from ml_server.training.synthetic.sheet import document
from ml_server.training.synthetic.style import random_style

_KINDS = ("form", "memo", "fax", "table", "receipt", "report")
_KIND_WEIGHTS = (62, 9, 5, 9, 5, 10)
_LANGUAGES = ("english", "korean", "mixed")


@dataclass(frozen=True, slots=True)
class Composed:
    """A page before the browser has seen it.

    Attributes:
        html: the whole document.
        draft: its entities and links.
        kind: of page.
        language: of its words.
    """

    html: str
    draft: Draft
    kind: str
    language: str


def compose(rng: Random, languages: tuple[float, float, float] = (50, 40, 10)) -> Composed:
    """Make a page up.

    Args:
        rng: the page's only source of chance.
        languages: weights of English, Korean and mixed.
    """
    language = rng.choices(_LANGUAGES, languages)[0]
    kind = rng.choices(_KINDS, _KIND_WEIGHTS)[0]
    content = Content(rng, language)
    d = Draft(rng, random_style(rng, language, kind), content, rng.choice(content.topics))
    d.narrow = d.style.newspaper or kind == "receipt"
    flow = {"memo": _memo, "fax": _memo, "table": _table, "receipt": _receipt, "report": _report}.get(kind, _form)(
        d, kind
    )
    return Composed(document(d, flow, draw_marks(d)), d, kind, language)


def _add(d: Draft, flow: list[str], html: str) -> None:
    flow.append(f"<section>{html}</section>")
    d.block += 1


def _form(d: Draft, kind: str) -> list[str]:
    """Title, then sections or loose blocks; on some pages all questions hang from the title."""
    flow: list[str] = []
    _opening(d, flow)
    if d.chance(0.15):
        _add(d, flow, blocks_prose.instructions(d))
    head = None
    if d.chance(0.92):
        head, html = blocks_prose.title(d)
        _add(d, flow, html)
    sections = d.rng.choice((0.0, 0.3, 0.7))
    owner = head if sections < 0.5 and d.chance(0.25) else None
    for _ in range(d.rng.choices(range(2, 15), (2, 2, 3, 3, 4, 4, 4, 3, 3, 3, 3, 2, 2))[0]):
        if d.chance(0.08):
            d.topic = d.rng.choice(d.content.topics)
        if d.chance(sections):
            piece, html = blocks_prose.section_head(d)
            with d.under(piece if d.chance(0.75) else None):
                _add(d, flow, html + _body(d))
        else:
            with d.under(owner):
                _add(d, flow, _body(d))
    if d.hangul and d.chance(0.4):
        flow.insert(d.rng.randint(len(flow) // 2, len(flow)), f"<section>{blocks_korean.declaration(d)}</section>")
    return flow


def _body(d: Draft) -> str:
    """A block, or two side by side, now and then in a frame."""
    if d.chance(0.12) and not d.narrow:
        d.narrow = True
        halves = "".join(div(draw_narrow(d)(d), kind="half") for _ in range(2))
        d.narrow = False
        html = div(halves, f"gap:{d.rng.randint(12, 40)}px", "row")
    else:
        html = draw_block(d)(d)
    return f'<div class="frame">{html}</div>' if d.chance(0.1) else html


def _opening(d: Draft, flow: list[str]) -> None:
    if d.chance(0.15):
        _add(d, flow, blocks_prose.fax_line(d))
    if d.chance(0.4):
        _add(d, flow, blocks_prose.letterhead(d))
    if d.chance(0.12 if d.hangul else 0.02):
        _add(d, flow, blocks_cells.approval_box(d))


def _memo(d: Draft, kind: str) -> list[str]:
    flow: list[str] = []
    _opening(d, flow)
    words = ("MEMORANDUM", "MEMO", "INTER-OFFICE CORRESPONDENCE", "Interoffice Memorandum")
    if kind == "fax":
        words = ("FACSIMILE TRANSMISSION", "FAX COVER SHEET", "TELECOPY", "Fax")
    if d.content.language == "korean":
        words = (
            ("팩스 송신", "팩스 표지", "모사전송", "FAX")
            if kind == "fax"
            else ("업무연락", "업무 협조전", "공문", "내부 결재")
        )
    if d.chance(0.85):
        _add(d, flow, blocks_prose.title(d, d.rng.choice(words))[1])
    _add(d, flow, blocks_fields.memo_head(d))
    if kind == "fax" and d.chance(0.6):
        _add(d, flow, blocks_fields.field_lines(d))
    _add(d, flow, blocks_prose.paragraphs(d))
    if d.chance(0.3):
        _add(d, flow, _body(d))
    if d.chance(0.4):
        _add(d, flow, blocks_prose.paragraphs(d))
    if d.chance(0.3):
        _add(d, flow, blocks_fields.signatures(d))
    if d.chance(0.4):
        _add(d, flow, blocks_prose.copies(d))
    if d.chance(0.4):
        _add(d, flow, blocks_prose.instructions(d))
    return flow


def _table(d: Draft, kind: str) -> list[str]:
    flow: list[str] = []
    _opening(d, flow)
    if d.chance(0.8):
        _add(d, flow, blocks_prose.title(d)[1])
    if d.chance(0.5):
        _add(d, flow, d.rng.choice((blocks_fields.field_lines, blocks_fields.running_pairs, blocks_cells.key_cells))(d))
    for _ in range(d.rng.randint(1, 3)):
        _add(d, flow, d.rng.choice((blocks_tables.item_table, blocks_tables.item_table, blocks_tables.matrix_table))(d))
    if d.chance(0.4):
        _add(d, flow, _body(d))
    return flow


def _receipt(d: Draft, kind: str) -> list[str]:
    flow: list[str] = []
    _add(d, flow, blocks_prose.letterhead(d))
    if d.chance(0.5):
        _add(d, flow, blocks_prose.title(d)[1])
    for _ in range(d.rng.randint(1, 2)):
        _add(d, flow, draw_narrow(d)(d))
    _add(d, flow, blocks_tables.item_table(d) if d.chance(0.6) else blocks_tables.totals_list(d))
    if d.chance(0.6):
        _add(d, flow, blocks_tables.totals_list(d))
    if d.chance(0.6):
        _add(d, flow, blocks_prose.instructions(d))
    return flow


def _report(d: Draft, kind: str) -> list[str]:
    """More prose than fields."""
    flow: list[str] = []
    _opening(d, flow)
    _add(d, flow, blocks_prose.title(d)[1])
    for _ in range(d.rng.randint(2, 6)):
        if d.chance(0.4):
            piece, html = blocks_prose.section_head(d)
            with d.under(piece):
                _add(d, flow, html + (blocks_prose.paragraphs(d) if d.chance(0.6) else _body(d)))
        else:
            _add(
                d,
                flow,
                d.rng.choice((blocks_prose.paragraphs, blocks_prose.bullets, _body, blocks_fields.field_lines))(d),
            )
    return flow
