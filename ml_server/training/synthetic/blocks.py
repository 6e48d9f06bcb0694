"""Which blocks there are and how often each is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ml_server.training.synthetic import blocks_cells as cells
from ml_server.training.synthetic import blocks_choices as choosing
from ml_server.training.synthetic import blocks_fields as fields
from ml_server.training.synthetic import blocks_grids as grids
from ml_server.training.synthetic import blocks_groups as groups
from ml_server.training.synthetic import blocks_korean as korean_only
from ml_server.training.synthetic import blocks_office as office
from ml_server.training.synthetic import blocks_prose as prose
from ml_server.training.synthetic import blocks_tables as tables
from ml_server.training.synthetic.draft import Draft

Block: TypeAlias = Callable[[Draft], str]
"""Writes one block's HTML and notes its entities in the draft."""

# Blocks of a form: (block, weight on English pages, weight on Korean ones).
_FORM: tuple[tuple[Block, float, float], ...] = (
    (fields.field_lines, 22, 12),
    (fields.leader_lines, 4, 3),
    (fields.running_pairs, 7, 5),
    (fields.stacked_fields, 5, 3),
    (fields.memo_head, 3, 3),
    (fields.signatures, 6, 5),
    (cells.boxed_fields, 8, 5),
    (cells.key_cells, 6, 26),
    (cells.approval_box, 1, 3),
    (cells.open_boxes, 4, 3),
    (tables.item_table, 6, 8),
    (tables.matrix_table, 4, 4),
    (tables.totals_list, 2, 2),
    (grids.grouped_table, 2, 2),
    (grids.tick_table, 3, 2),
    (grids.parted_table, 2, 4),
    (grids.joined_cells, 3, 2),
    (groups.side_headed, 3, 2),
    (groups.parties, 4, 3),
    (groups.several_answers, 2, 1),
    (groups.scattered_fields, 6, 2),
    (groups.outline, 3, 2),
    (groups.open_questions, 3, 2),
    (groups.units, 3, 2),
    (korean_only.receipt_strip, 0, 2),
    (korean_only.attachments, 0, 2),
    (korean_only.stretched_cells, 0, 6),
    (korean_only.office_letter, 0, 1),
    (office.two_parties, 0, 7),
    (office.findings_table, 0, 6),
    (office.option_cells, 0, 7),
    (choosing.choices, 8, 7),
    (choosing.numbered_questions, 5, 4),
    (choosing.cloze, 1, 1),
    (prose.paragraphs, 3, 3),
    (prose.instructions, 5, 6),
    (prose.bullets, 2, 3),
    (prose.copies, 3, 2),
)

# Narrow enough to stand beside another block, or on a receipt.
NARROW: tuple[Block, ...] = (
    fields.field_lines,
    fields.leader_lines,
    fields.stacked_fields,
    cells.boxed_fields,
    cells.open_boxes,
    groups.parties,
    groups.units,
    grids.joined_cells,
    choosing.choices,
    tables.totals_list,
    prose.instructions,
)


def draw_block(d: Draft) -> Block:
    """A block for a form, by the weights of the page's language."""
    weights = [korean if d.hangul else english for _, english, korean in _FORM]
    return d.rng.choices([block for block, _, _ in _FORM], weights)[0]


def draw_narrow(d: Draft) -> Block:
    """A block that takes half the width."""
    return d.rng.choice(NARROW)
