"""Ruled tables of Korean offices: parties beside one another, findings with their limits, options inside cells."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft, Piece

_SIDES = (
    ("공급자", "공급받는자"),
    ("임대인", "임차인"),
    ("매도인", "매수인"),
    ("보내는 분", "받는 분"),
    ("신청인", "대리인"),
    ("위임인", "수임인"),
    ("갑", "을"),
    ("발주자", "수급자"),
    ("피보험자", "수익자"),
)
_ABOUT = (
    ("등록번호", "business"),
    ("사업자등록번호", "business"),
    ("상호", "company"),
    ("상호(법인명)", "company"),
    ("성명", "name"),
    ("대표자", "name"),
    ("주소", "address"),
    ("사업장 주소", "address"),
    ("전화번호", "phone"),
    ("연락처", "phone"),
    ("주민등록번호", "citizen"),
    ("생년월일", "date"),
    ("이메일", "email"),
    ("계좌번호", "account"),
)


def _upright(d: Draft, name: str) -> tuple[Piece, str]:
    """A header for a narrow cell, and its HTML: one word written down, a word for each letter, or across."""
    bare = name.replace(" ", "")
    manner = d.rng.choice(("turned", "stacked", "stacked", "across"))
    head = d.heading({"turned": bare, "stacked": "\n".join(bare), "across": name}[manner])
    if manner == "turned":
        return head, f'<div data-turned="" style="writing-mode:vertical-rl;text-orientation:upright">{head}</div>'
    return head, head.html


def two_parties(d: Draft) -> str:
    """The same fields twice, each under a header in a narrow cell: beside one another as on tax invoices, or below."""
    names = d.rng.choice(_SIDES)
    about = d.rng.sample(_ABOUT, d.rng.randint(2, 6))
    beside = not d.narrow and d.chance(0.6)
    sides: list[list[str]] = []
    for name in names:
        head, written = _upright(d, name)
        rows = []
        with d.under(head):
            for at, (text, kind) in enumerate(about):
                key = d.key(text, colon=False)
                first = (
                    f'<th rowspan="{len(about)}" style="width:{3 if beside else 6}%">{written}</th>' if at == 0 else ""
                )
                value = f"<td>{d.fill(d.content.value(kind), key)}</td>"
                rows.append(f'{first}<th style="width:{d.rng.randint(9, 10)}%">{key}</th>{value}')
        sides.append(rows)
    lines = ["".join(pair) for pair in zip(*sides, strict=True)] if beside else [*sides[0], *sides[1]]
    return f'<table class="ruled keys">{"".join(f"<tr>{line}</tr>" for line in lines)}</table>'


def findings_table(d: Draft) -> str:
    """Results by the row; limits and units are printed beside them and answer nothing."""
    rows = d.rng.randint(2, 9)
    sides = d.fields(rows, rows)
    caption = d.heading() if d.chance(0.3) else None
    columns = d.rng.choice(
        (
            ("결과", "참고치"),
            ("결과", "단위", "참고치"),
            ("단위", "기준", "측정값", "판정"),
            ("기준", "결과", "판정"),
            ("규격", "측정치", "판정"),
            ("단위", "결과"),
        )
    )
    with d.under(caption or d.header):
        corner = d.key(d.rng.choice(("검사항목", "시험항목", "항목", "점검항목", "구분")), colon=False)
        heads = {name: d.key(name, colon=False) for name in columns}
    both, lines = d.chance(0.4), []
    verdicts = d.rng.choice((("적합", "부적합"), ("정상", "주의"), ("합격", "불합격"), ("양호", "불량")))
    for item in sides:
        side = d.key(item.key, colon=False)
        low, unit = d.rng.randint(1, 400), d.rng.choice(("mg/dL", "㎜", "%", "℃", "kPa", "g/dL", "㎎/L", "U/L", "개"))
        printed = d.rng.choice((f"{low}~{low + d.rng.randint(1, 90)}", f"{low} 이하", f"{low} 이상", f"{low}±0.5"))
        cells = ""
        for name, head in heads.items():
            if name in {"참고치", "기준", "규격", "단위"}:
                cell = d.other(unit if name == "단위" else printed).html
            else:
                text = d.rng.choice((verdicts[0], *verdicts)) if name == "판정" else f"{low + d.rng.randint(0, 30)}"
                cell = d.fill(text, *((side, head) if both else (side,)))
            cells += f'<td style="text-align:center">{cell}</td>'
        lines.append(f'<tr><th style="text-align:left">{side}</th>{cells}</tr>')
    top = "".join(f"<th>{head}</th>" for head in heads.values())
    title = f'<div style="margin-bottom:4px">{caption}</div>' if caption is not None else ""
    look = d.rng.choice(("ruled", "ruled", "lined", "headline"))
    return f'{title}<table class="{look}"><tr class="top"><th>{corner}</th>{top}</tr>{"".join(lines)}</table>'


def option_cells(d: Draft) -> str:
    """Key cells beside cells with options to tick: what is ticked answers, with its mark; the rest is other."""
    pairs, rows = d.fit(d.rng.choice((1, 1, 2))), []
    share, gap = d.rng.randint(12, 24) // pairs + 4, d.rng.randint(4, 24)
    for _ in range(d.rng.randint(1, 6)):
        cells = ""
        for _ in range(pairs):
            if d.chance(0.35):
                (item,) = d.fields(1, 1)
                key = d.key(item.key, colon=False)
                inside = d.fill(item.value, key)
            else:
                text, options = d.content.choices()
                key = d.key(text, colon=False)
                ticked = -1 if d.chance(d.style.blank) else d.rng.randrange(len(options))
                parts = [
                    d.answer(f"{d.style.mark} {option}", key)
                    if at == ticked
                    else d.other(f"{d.style.empty_mark} {option}")
                    for at, option in enumerate(options)
                ]
                inside = "".join(
                    f'<span style="display:inline-block;margin-right:{gap}px">{part}</span>' for part in parts
                )
            cells += f'<th style="width:{share}%">{key}</th><td>{inside}</td>'
        rows.append(f"<tr>{cells}</tr>")
    return f'<table class="ruled keys">{"".join(rows)}</table>'
