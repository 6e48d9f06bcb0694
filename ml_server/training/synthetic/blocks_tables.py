"""Tables with column headings: items, matrices, totals."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft, Piece


def _look(d: Draft) -> str:
    return d.rng.choice(("ruled", "ruled", "lined", "zebra", "bare", "headline"))


def _numeric(cells: list[str]) -> bool:
    digits = sum(any(letter.isdigit() for letter in cell) and len(cell) < 14 for cell in cells)
    return digits * 2 > max(1, len(cells))


def _caption(d: Draft) -> Piece | None:
    return d.heading(d.content.title(d.topic) if d.chance(0.2) else None) if d.chance(0.3) else None


def item_table(d: Draft) -> str:
    """Column headings are questions; every cell answers its column."""
    columns, rows = max(2, d.fit(d.rng.randint(2, 7))), d.rng.randint(1, 10)
    headers, body = d.content.table(d.topic, columns, rows)
    caption = _caption(d)
    with d.under(caption or d.header):
        heads = [d.key(text, colon=False) for text in headers]
    aligns = [
        "right" if _numeric([row[at] for row in body]) and d.chance(0.75) else d.rng.choice(("left", "left", "center"))
        for at in range(len(heads))
    ]
    spare = d.rng.choice((0, 0, d.rng.randint(1, 6)))
    empty = d.rng.choice((0.0, 0.0, 0.15, 0.4, 1.0 if d.style.blank > 0.7 else 0.1))
    lines = []
    for row in body:
        cells = "".join(
            f'<td style="text-align:{align}">{d.fill(text, head, blank=empty)}</td>'
            for text, head, align in zip(row, heads, aligns, strict=True)
        )
        lines.append(f"<tr>{cells}</tr>")
    lines += ["<tr>" + "<td>&nbsp;</td>" * len(heads) + "</tr>"] * spare
    lines += _totals(d, [row[-1] for row in body], heads, aligns[-1])
    top = "".join(
        f'<th style="text-align:{d.rng.choice(("center", align))}">{head}</th>'
        for head, align in zip(heads, aligns, strict=True)
    )
    title = f'<div style="margin-bottom:4px">{caption}</div>' if caption is not None else ""
    width = d.rng.choice((100, 100, 100, d.rng.randint(60, 95)))
    return f'{title}<table class="{_look(d)}" style="width:{width}%"><tr class="top">{top}</tr>{"".join(lines)}</table>'


def _totals(d: Draft, last: list[str], heads: list[Piece], align: str) -> list[str]:
    """Rows under the items: a key over all columns but the last, its amount in the last."""
    if len(heads) < 3 or not _numeric(last) or d.chance(0.5):
        return []
    words = (
        ("소계", "부가세", "합계", "총계")
        if d.content.language == "korean"
        else ("Subtotal", "Tax", "Total", "TOTAL", "Grand Total")
    )
    chosen = d.rng.sample(words, d.rng.randint(1, 3))
    rows = []
    for word in chosen:
        key = d.question(word + (":" if d.chance(0.2) else ""), free=True)
        amount = d.fill(d.rng.choice(last), *((key, heads[-1]) if d.chance(0.3) else (key,)))
        side = d.rng.choice(("left", "center", "right"))
        rows.append(
            f'<tr><td colspan="{len(heads) - 1}" style="text-align:{side}">{key}</td>'
            f'<td style="text-align:{align}">{amount}</td></tr>'
        )
    return rows


def matrix_table(d: Draft) -> str:
    """Row heads and column heads are both questions; a cell answers its column, its row or both."""
    columns, rows = max(2, d.fit(d.rng.randint(2, 5))), d.rng.randint(2, 7)
    headers, body = d.content.table(d.topic, columns, rows)
    caption = _caption(d)
    with d.under(caption or d.header):
        heads = [d.key(text, colon=False) for text in headers]
        sides = [d.key(item.key, colon=d.chance(0.3)) for item in d.fields(rows, rows)]
    how = d.rng.choices(("both", "row", "column"), (6, 3, 1))[0]
    empty = d.rng.choice((0.0, 0.1, 0.4, 1.0 if d.style.blank > 0.7 else 0.2))
    lines = []
    for side, row in zip(sides, body, strict=False):
        cells = ""
        for text, head in zip(row, heads, strict=True):
            asked = {"both": (head, side), "row": (side,), "column": (head,)}[how]
            cells += f'<td style="text-align:center">{d.fill(text, *asked, blank=empty)}</td>'
        lines.append(f'<tr><th style="text-align:left">{side}</th>{cells}</tr>')
    corner = d.other(d.rng.choice(("구분", "항목"))).html if d.hangul and d.chance(0.5) else ""
    top = "".join(f"<th>{head}</th>" for head in heads)
    title = f'<div style="margin-bottom:4px">{caption}</div>' if caption is not None else ""
    return f'{title}<table class="{_look(d)}"><tr class="top"><th>{corner}</th>{top}</tr>{"".join(lines)}</table>'


def totals_list(d: Draft) -> str:
    """Keys with amounts in one column, a rule above the last: sums, receipts."""
    _, body = d.content.table(d.topic, 4, d.rng.randint(3, 7))
    items = d.fields(len(body), len(body))
    width = d.rng.randint(40, 100)
    rows = []
    for at, (item, row) in enumerate(zip(items, body, strict=False)):
        key = d.key(item.key)
        amount = d.fill(row[-1], key)
        rule = "border-top:1px solid #000" if at == len(body) - 1 else ""
        rows.append(f'<div class="row" style="justify-content:space-between;{rule}">{key}<div>{amount}</div></div>')
    return f'<div style="width:{width}%;margin-left:{d.rng.choice(("0", "auto"))}">{"".join(rows)}</div>'
