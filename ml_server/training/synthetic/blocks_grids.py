"""Tables of a second kind: two levels of headings, ticks in columns, parts with a heading row."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft


def grouped_table(d: Draft) -> str:
    """Headers over groups of columns; the columns' headings hang from them, cells answer their column and row."""
    groups = d.rng.randint(2, 3)
    each = d.rng.randint(2, 3)
    rows = d.rng.randint(1, 6)
    headers, body = d.content.table(d.topic, groups * each if groups * each <= 6 else each, rows)
    top, heads = "", []
    for at in range(groups):
        head = d.heading()
        top += f'<th colspan="{each}" style="text-align:center">{head}</th>'
        with d.under(head):
            heads += [d.key(headers[(at * each + column) % len(headers)], colon=False) for column in range(each)]
    sides = [d.key(item.key, colon=False) for item in d.fields(rows, rows)] if d.chance(0.6) else []
    empty = d.rng.choice((0.0, 0.2, 0.5, 1.0 if d.style.blank > 0.7 else 0.1))
    lines = []
    for at, row in enumerate(body):
        cells = f"<th>{sides[at]}</th>" if sides else ""
        for column, head in enumerate(heads):
            asked = (head, sides[at]) if sides else (head,)
            cells += f'<td style="text-align:center">{d.fill(row[column % len(row)], *asked, blank=empty)}</td>'
        lines.append(f"<tr>{cells}</tr>")
    corner = '<th rowspan="2"></th>' if sides else ""
    second = "".join(f'<th style="text-align:center">{head}</th>' for head in heads)
    look = d.rng.choice(("ruled", "ruled", "lined", "headline"))
    body_rows = "".join(lines)
    return f'<table class="{look}" style="font-size:0.92em"><tr>{corner}{top}</tr><tr>{second}</tr>{body_rows}</table>'


def tick_table(d: Draft) -> str:
    """Statements by the row, marks to give by the column: ratings, checks, yes and no."""
    marks = (
        d.rng.choice(
            (("예", "아니오"), ("적합", "부적합", "비고"), ("상", "중", "하"), ("매우 좋음", "좋음", "보통", "나쁨"))
        )
        if d.content.language == "korean"
        else d.rng.choice(
            (("Yes", "No"), ("YES", "NO", "N/A"), ("Excellent", "Good", "Fair", "Poor"), ("1", "2", "3", "4", "5"))
        )
    )
    head = d.heading() if d.chance(0.4) else None
    sign = d.rng.choice(("X", "X", "V", "✓", "O", "○"))
    with d.under(head or d.header):
        columns = [d.question(mark) for mark in marks]
        both, lines = d.chance(0.6), []
        for _ in range(d.rng.randint(2, 8)):
            text = d.content.field(d.topic).key if d.chance(0.7) else d.content.sentence()
            side = d.key(text)
            chosen = d.rng.randrange(len(columns)) if not d.chance(d.style.blank) else -1
            cells = ""
            for at, column in enumerate(columns):
                asked = (side, column) if both else (side,)
                mark = d.answer(sign, *asked).html if at == chosen else "&nbsp;"
                cells += f'<td style="text-align:center;width:{d.rng.randint(9, 10)}%">{mark}</td>'
            lines.append(f"<tr><td>{side}</td>{cells}</tr>")
    top = "".join(f'<th style="text-align:center">{column}</th>' for column in columns)
    look = d.rng.choice(("ruled", "bare", "lined"))
    return f'<table class="{look}"><tr><th>{head or ""}</th>{top}</tr>{"".join(lines)}</table>'


def parted_table(d: Draft) -> str:
    """A ruled form whose parts begin with a heading row across all cells."""
    pairs, rows = d.fit(d.rng.randint(1, 3)), []
    share = d.rng.randint(10, 17) if pairs > 1 else d.rng.randint(14, 36)
    look = d.rng.choice(("background:#000;color:#fff", "background:#ccc", "font-weight:700", "text-align:center", ""))
    for _ in range(d.rng.randint(1, 4)):
        head = d.heading()
        rows.append(f'<tr><td colspan="{pairs * 2}" style="{look}">{head}</td></tr>')
        with d.under(head):
            for _ in range(d.rng.randint(1, 4)):
                cells = ""
                for item in d.fields(pairs, pairs):
                    key = d.key(item.key)
                    cells += f'<th style="width:{share}%">{key}</th><td>{d.fill(item.value, key)}</td>'
                rows.append(f"<tr>{cells}</tr>")
    return f'<table class="ruled">{"".join(rows)}</table>'


def joined_cells(d: Draft) -> str:
    """Ruled cells that hold key and value together on one line."""
    columns, rows = d.fit(d.rng.randint(1, 3)), []
    for _ in range(d.rng.randint(1, 6)):
        cells = ""
        for item in d.fields(columns, columns):
            key = d.key(item.key)
            cells += f'<td style="width:{100 // columns}%">{key}&nbsp; {d.fill(item.value, key)}</td>'
        rows.append(f"<tr>{cells}</tr>")
    return f'<table class="{d.rng.choice(("ruled", "lined"))}">{"".join(rows)}</table>'
