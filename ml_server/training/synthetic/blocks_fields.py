"""Keys and values without a grid: beside each other, under each other, several on a line."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft


def _line_css(d: Draft) -> str:
    """How the place for a value is drawn; the page's rules are not used here: forms draw it lighter."""
    return d.rng.choice(
        ("", "", "border-bottom:1px solid #000", "border-bottom:1px solid #000", "border-bottom:1px dotted #333")
    )


def _numbering(d: Draft) -> str:
    return d.rng.choice(("",) * 7 + ("{}. ", "({}) ", "{}) "))


def _numbered(numbering: str, number: int, key: str) -> str:
    """The key with its number, unless it has one of its own."""
    return numbering.format(number) + key if key[:1].isalpha() else key


def field_lines(d: Draft) -> str:
    """Key, then value on the same line; one to three columns, values aligned or ragged."""
    columns = d.fit(d.rng.choices((1, 2, 3), (6, 4, 1))[0])
    aligned = d.chance(0.6)
    align = "right" if aligned and d.chance(0.15) else "left"
    label = f"flex:0 0 {d.rng.randint(18, 50 if columns == 1 else 45)}%" if aligned else "flex:0 1 auto;max-width:60%"
    line, numbering = _line_css(d), _numbering(d)
    rows = []
    for number, item in enumerate(d.fields(2, 9 if columns == 1 else 12), d.rng.choice((1, 1, 4))):
        key = d.key(_numbered(numbering, number, item.key))
        gap = d.rng.randint(4, 12)
        width = f"width:{d.rng.randint(40, 100)}%" if line and d.chance(0.3) else ""
        rows.append(
            f'<div class="row"><div style="{label};margin-right:{gap}px;text-align:{align}">{key}</div>'
            f'<div class="fill" style="{line};{width}">{d.fill(item.value, key)}</div></div>'
        )
    return f'<div class="cols" style="--n:{columns};column-gap:{d.rng.randint(10, 40)}px">{"".join(rows)}</div>'


def leader_lines(d: Draft) -> str:
    """Key, a leader of dots or lines, value at the right margin: costs, counts, results."""
    leader = d.rng.choice(("dotted", "dotted", "solid", "dashed"))
    width, numbering = d.rng.randint(45, 100), _numbering(d)
    rows = []
    for number, item in enumerate(d.fields(3, 12), 1):
        key = d.key(_numbered(numbering, number, item.key))
        rows.append(
            f'<div class="row">{key}<i class="fill" style="border-bottom:2px {leader} #444;margin:0 5px"></i>'
            f'<div style="max-width:60%;min-width:10%;text-align:right">{d.fill(item.value, key)}</div></div>'
        )
    return f'<div style="width:{width}%">{"".join(rows)}</div>'


def running_pairs(d: Draft) -> str:
    """Several pairs on a line, ragged, as typists fill a page."""
    blank = "&nbsp;" * d.rng.randint(8, 20)
    line = _line_css(d)
    pairs = []
    for item in d.fields(2, 8):
        key = d.key(item.key)
        value = d.fill(item.value, key)
        value = blank if value == "&nbsp;" else value
        pairs.append(f'<div class="pair">{key}&nbsp;&nbsp;<span style="{line}">{value}</span></div>')
    return f'<div class="run" style="column-gap:{d.rng.randint(14, 70)}px">{"".join(pairs)}</div>'


def stacked_fields(d: Draft) -> str:
    """Key above its value, or below the line the value is written on."""
    columns, below, line = (
        d.fit(d.rng.randint(1, 4)),
        d.chance(0.35),
        d.rng.choice(("", "border-bottom:1px solid #000")),
    )
    brackets = below and d.chance(0.4)
    align = d.rng.choice(("left", "left", "center"))
    cells = []
    for item in d.fields(columns, columns * 3):
        text = item.key.rstrip(" :")
        key = d.key(f"({text})" if brackets else text, colon=not below)
        rule = "border-bottom:1px solid #000" if below else line
        value = f'<div style="{rule}">{d.fill(item.value, key)}</div>'
        cells.append(f"<div><div>{value}</div>{key}</div>" if below else f"<div>{key}{value}</div>")
    gap = d.rng.randint(10, 40)
    return f'<div class="grid" style="--n:{columns};gap:{gap // 2}px {gap}px;text-align:{align}">{"".join(cells)}</div>'


def memo_head(d: Draft) -> str:
    """To, from, date, subject: keys in a column, values at a tab stop, often ruled off below."""
    names = (
        (("수신", "발신", "참조", "제목", "일자", "문서번호", "경유", "시행일자"),)
        if d.content.language == "korean" or (d.hangul and d.chance(0.5))
        else (
            ("TO", "FROM", "DATE", "SUBJECT", "CC", "RE", "FILE NO.", "VIA"),
            ("To", "From", "Date", "Subject", "Copies to", "Reference", "Phone", "Fax", "Pages"),
        )
    )
    keys = list(d.rng.choice(names))
    chosen = [key for key in keys if d.chance(0.7)] or keys[:3]
    tab = d.rng.randint(11, 30)
    rows = []
    for text in chosen:
        key = d.question(text + ("" if d.chance(0.1) else " :" if d.chance(0.15) else ":"))
        value = d.fill(_memo_value(d, text), key, blank=d.style.blank * 0.6)
        rows.append(f'<div class="row"><div style="flex:0 0 {tab}%">{key}</div><div class="fill">{value}</div></div>')
    rule = d.rng.choice(("", "", "border-bottom:2px solid #000", "border-bottom:1px solid #000"))
    return f'<div style="{rule};padding-bottom:6px">{"".join(rows)}</div>'


def _memo_value(d: Draft, key: str) -> str:
    low = key.lower()
    if low in {"subject", "re", "제목"}:
        return d.content.title(d.topic)
    if low in {"to", "from", "cc", "copies to", "수신", "발신", "참조"} and d.chance(0.4):
        return d.content.organisation()
    return d.of_kind({"date": "date", "일자": "date", "시행일자": "date"}.get(low, "name"))


def signatures(d: Draft) -> str:
    """Lines to sign on, with a title or a date, here and there signed by hand."""
    keys = (
        ("신청인", "작성자", "담당자", "대표자", "확인자", "검토자", "승인자")
        if d.content.language == "korean"
        else ("Signature", "Approved by", "Prepared by", "Reviewed by", "Authorized by", "Signed", "Title", "By")
    )
    date = "일자" if d.content.language == "korean" else "Date"
    rows = []
    for text in d.rng.sample(keys, d.rng.randint(1, 4)):
        first = d.key(text)
        name = d.fill(d.name(), first, css=f"font-family:{d.style.hand_font};font-size:1.5em")
        seal = f"&nbsp;{d.other(d.rng.choice(('(인)', '(서명)', '(서명 또는 인)')))}" if d.hangul else ""
        row = f'<div>{first}</div><div class="fill line">{name}</div>{seal}'
        if d.chance(0.55):
            second = d.key(date)
            value = d.fill(d.of_kind("date"), second)
            row += f'<div style="margin-left:12px">{second}</div><div class="line" style="flex:0 0 24%">{value}</div>'
        rows.append(f'<div class="row" style="gap:6px;margin-top:{d.rng.randint(4, 16)}px">{row}</div>')
    return f'<div style="width:{d.rng.randint(55, 100)}%;margin-left:auto">{"".join(rows)}</div>'
