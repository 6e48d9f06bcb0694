"""Keys and values in ruled cells: boxes with small labels, rows of key and value, sections at the left."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft


def boxed_fields(d: Draft) -> str:
    """Cells with the key small in the corner and the value under it."""
    rows, small = [], d.rng.uniform(0.65, 1.0)
    tall = d.rng.randint(0, 24)
    for _ in range(d.rng.randint(1, 6)):
        cells = []
        for item in d.fields(1, d.fit(4)):
            key = d.key(item.key, css=f"font-size:{small:.2f}em")
            value = d.fill(item.value, key)
            inner = f"{key}<div>{value}</div>" if d.chance(0.85) else f"{key}&nbsp; {value}"
            cells.append(f'<div class="cell" style="flex:{d.rng.randint(1, 4)} 1 0">{inner}</div>')
        rows.append(f'<div class="boxrow" style="min-height:{tall}px">{"".join(cells)}</div>')
    return f'<div class="boxes">{"".join(rows)}</div>'


def _spread(d: Draft, text: str) -> str:
    """A short Hangul key letter by letter, as forms stretch them over the cell: 성   명."""
    if d.hangul and 2 <= len(text) <= 4 and " " not in text and not text.isascii() and d.chance(0.3):
        return (" " * d.rng.randint(1, 3)).join(text)
    return text


def key_cells(d: Draft) -> str:
    """A ruled table of key cell and value cell, one to four pairs a row, some cells spanning."""
    pairs = d.fit(d.rng.choices((1, 2, 3, 4), (4, 6, 2, 1))[0])
    name = d.content.section(d.topic)
    side = d.heading(name) if d.chance(0.3 if d.hangul else 0.08) else None
    # Only Hangul is set upright, letter under letter.
    upright = d.chance(0.4) and not name.isascii()
    share = d.rng.randint(*((12, 38), (12, 24), (9, 16), (7, 12))[pairs - 1])
    body, rows = [], d.rng.randint(2, 9)
    with d.under(side or d.header):
        for row in range(rows):
            whole = pairs > 1 and d.chance(0.25)
            cells = ""
            for item in d.fields(1, 1) if whole else d.fields(pairs, pairs):
                key = d.key(_spread(d, item.key), colon=d.chance(0.3))
                span = f' colspan="{2 * pairs - 1}"' if whole else ""
                cells += f'<th style="width:{share}%">{key}</th><td{span}>{d.fill(item.value, key)}</td>'
            first = ""
            if side is not None and row == 0:
                css = "writing-mode:vertical-rl;text-orientation:upright" if upright else ""
                turned = ' data-turned=""' if upright else ""
                first = f'<th rowspan="{rows}" style="width:6%"><div{turned} style="{css}">{side}</div></th>'
            body.append(f"<tr>{first}{cells}</tr>")
    align = d.rng.choice(("left", "center", "center" if d.hangul else "left"))
    return f'<table class="ruled keys" style="--ta:{align}">{"".join(body)}</table>'


def approval_box(d: Draft) -> str:
    """The small grid of who signs: titles above open cells."""
    titles = (
        d.rng.sample(("담당", "계장", "과장", "부장", "국장", "이사", "사장", "팀장", "실장"), d.rng.randint(2, 5))
        if d.hangul
        else d.rng.sample(
            ("Originator", "Manager", "Director", "Vice President", "Legal", "Finance"), d.rng.randint(2, 4)
        )
    )
    head = d.heading(d.rng.choice(("결재", "결 재", "합의")) if d.hangul else "Approvals") if d.chance(0.6) else None
    with d.under(head):
        keys = [d.question(title) for title in titles]
    signs = [
        d.fill(
            d.rng.choice(("전결", "서명", "/", "㊞")) if d.hangul else "OK",
            key,
            blank=0.8,
            css=f"font-family:{d.style.hand_font}",
        )
        for key in keys
    ]
    side = f'<th rowspan="2" style="width:24px">{head}</th>' if head is not None else ""
    top = "".join(f"<th>{key}</th>" for key in keys)
    low = "".join(f'<td style="height:36px;text-align:center">{sign}</td>' for sign in signs)
    where = d.rng.choice(("margin-left:auto", "margin-left:auto", ""))
    css = f"width:{90 * len(keys)}px;max-width:100%;{where}"
    return f'<table class="ruled" style="{css}"><tr>{side}{top}</tr><tr>{low}</tr></table>'


def open_boxes(d: Draft) -> str:
    """Large frames, each with a key and room for a paragraph."""
    frames = []
    for item in d.fields(1, 4):
        key = d.key(item.key)
        text = d.content.paragraph(d.rng.randint(1, 3)) if d.chance(0.5) else item.value
        value = d.fill(text, key)
        inner = f'<div style="margin-left:{d.rng.randint(0, 20)}px">{value}</div>'
        frames.append(f'<div class="frame" style="min-height:{d.rng.randint(20, 90)}px">{key}{inner}</div>')
    return (
        "".join(frames)
        if d.narrow or d.chance(0.5)
        else f'<div class="grid" style="--n:2;gap:6px">{"".join(frames)}</div>'
    )
