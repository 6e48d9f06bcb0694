"""Fields in company: side headings, addresses under a key, several answers to one key, scattered, in outlines."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft
from ml_server.training.synthetic.markup import div

_PARTIES = ("Sold To", "Ship To", "Bill To", "Deliver To", "Vendor", "Supplier", "Purchaser", "Mail To", "Requested By")
_HANGUL_PARTIES = ("공급자", "공급받는자", "받는 사람", "보내는 사람", "납품처", "발주처", "신청인", "수령인")


def side_headed(d: Draft) -> str:
    """A header in the left margin, its fields to the right."""
    rows = []
    share, rule = d.rng.randint(16, 32), d.rng.choice(("", "border-top:1px solid #000;padding-top:4px"))
    for _ in range(d.rng.randint(1, 4)):
        head = d.heading(css=d.rng.choice(("", "font-weight:700")))
        pairs = []
        with d.under(head):
            for item in d.fields(1, 4):
                key = d.key(item.key)
                value = d.fill(item.value, key)
                pairs.append(div(div(key, "margin-right:10px;max-width:60%") + div(value, kind="fill"), kind="row"))
        rows.append(div(div(head, f"flex:0 0 {share}%") + div("".join(pairs), kind="fill"), rule, "row"))
    return "".join(rows)


def parties(d: Draft) -> str:
    """Who sends and who receives: a name and an address of several lines under a key, one entity each."""
    names = d.rng.sample(_HANGUL_PARTIES if d.content.language == "korean" else _PARTIES, d.fit(d.rng.randint(1, 3)))
    framed, beside = d.chance(0.35), d.chance(0.3)
    cells = []
    for name in names:
        key = d.key(name)
        address = d.content.address()
        words = address.split()
        cut = d.rng.randint(max(1, len(words) // 3), len(words))
        halves = [" ".join(part) for part in (words[:cut], words[cut:]) if part]
        lines = [d.content.organisation(), *halves] if d.chance(0.8) else [d.content.organisation()]
        value = d.fill("\n".join(lines), key)
        inner = (
            f'<div class="row">{key}<div class="fill" style="margin-left:8px">{value}</div></div>'
            if beside
            else f"{key}<div>{value}</div>"
        )
        cells.append(f'<div class="{"frame" if framed else ""}">{inner}</div>')
    return f'<div class="grid" style="--n:{len(cells)};gap:{d.rng.randint(8, 40)}px">{"".join(cells)}</div>'


def several_answers(d: Draft) -> str:
    """Keys with two to five answers each, under or beside one another."""
    rows = []
    for item in d.fields(1, 3):
        key = d.key(item.key)
        values = [item.value] + [d.content.field(d.topic).value for _ in range(d.rng.randint(1, 4))]
        answers = "".join(f"<div>{d.answer(value, key)}</div>" for value in values if value)
        columns = d.fit(d.rng.choice((1, 1, 2, 3)))
        rows.append(
            f'<div class="row"><div style="flex:0 0 {d.rng.randint(15, 40)}%">{key}</div>'
            f'<div class="fill grid" style="--n:{columns};gap:2px 14px">{answers}</div></div>'
        )
    return "".join(rows)


def scattered_fields(d: Draft) -> str:
    """Fields where somebody put them: a loose grid, each pair pushed about."""
    columns = d.fit(d.rng.randint(1, 3))
    cells = []
    for item in d.fields(2, 10):
        if d.chance(0.2):
            cells.append("<div></div>")
        key = d.key(item.key)
        line = d.rng.choice(("", "border-bottom:1px solid #000"))
        push = f"margin-left:{d.rng.randint(0, 22)}%;margin-top:{d.rng.randint(0, 26)}px"
        cells.append(
            div(
                f"{key}{div(d.fill(item.value, key), f'{line};margin-left:{d.rng.randint(3, 30)}px', 'fill')}",
                push,
                "row",
            )
        )
    return f'<div class="grid" style="--n:{columns};column-gap:14px">{"".join(cells)}</div>'


def outline(d: Draft) -> str:
    """A numbered outline: headers with lettered questions under them, answers on the same line or the next."""
    groups, indent = [], d.rng.choice((0, 20, 30))
    roman = ("I", "II", "III", "IV", "V", "VI") if not d.hangul else ("가", "나", "다", "라", "마", "바")
    for at in range(d.rng.randint(1, 4)):
        head = d.heading(f"{roman[at]}. {d.content.section(d.topic)}")
        items = []
        with d.under(head):
            for letter, item in zip("abcdefgh", d.fields(1, 5), strict=False):
                key = d.key(f"{letter if not d.hangul else ord(letter) - 96}{d.rng.choice(('.', ')'))} {item.key}")
                items.append(
                    div(
                        f"{key}{div(d.fill(item.value, key), 'margin-left:10px', 'fill')}",
                        f"margin-left:{indent}px",
                        "row",
                    )
                )
        groups.append(f"<div>{head}</div>{''.join(items)}")
    return "".join(groups)


def open_questions(d: Draft) -> str:
    """Keys with empty ruled lines below them, or a long answer on the lines."""
    rows = []
    for item in d.fields(1, 4):
        key = d.key(item.key)
        lines = d.rng.randint(1, 5)
        if d.chance(max(d.style.blank, 0.35)):
            room = '<div class="line">&nbsp;</div>' * lines
        else:
            room = div(
                d.answer(d.content.paragraph(lines), key), f"text-decoration:{d.rng.choice(('underline', 'none'))}"
            )
        rows.append(f"<div>{key}{room}</div>")
    return "".join(rows)


def units(d: Draft) -> str:
    """Keys, a short blank or value, and a printed unit or hint after it that is part of neither."""
    hints = (
        ("원", "개", "명", "년", "월", "㎡", "kg", "%", "(택1)", "(해당자만)")
        if d.hangul
        else ("mg", "lbs.", "%", "days", "(check one)", "hours", "(attach copy)", "per month", "oz.")
    )
    rows, share, room = [], d.rng.randint(25, 55), d.rng.randint(14, 30)
    for item in d.fields(2, 6):
        key = d.key(item.key)
        value = d.fill(f"{d.rng.randint(1, 9999) / d.rng.choice((1, 1, 10)):g}", key)
        rows.append(
            div(
                div(key, f"flex:0 0 {share}%")
                + div(value, f"flex:0 0 {room}%;border-bottom:1px solid #000;text-align:center")
                + (f"&nbsp;{d.other(d.rng.choice(hints))}" if d.chance(0.8) else ""),
                kind="row",
            )
        )
    return "".join(rows)
