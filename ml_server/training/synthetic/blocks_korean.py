"""What Korean forms have and others have not: receipt strips, declarations with a seal, documents to attach."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft
from ml_server.training.synthetic.markup import div


def receipt_strip(d: Draft) -> str:
    """The row at the top that the office fills in: number, date, days it takes."""
    names = d.rng.sample(
        ("접수번호", "접수일", "접수일자", "처리기간", "발급일", "처리일", "관리번호", "등록번호"), d.rng.randint(2, 4)
    )
    cells = ""
    for name in names:
        key = d.question(name)
        text = (
            f"{d.rng.randint(1, 30)}일"
            if "기간" in name
            else f"{d.rng.randint(1990, 2025)}-{d.rng.randint(1, 99999):05d}"
        )
        value = d.fill(text, key, blank=max(0.5, d.style.blank))
        cells += f"<td>{key}{'<br>' if d.chance(0.5) else '&nbsp;&nbsp;'}{value}</td>"
    note = d.other("※ 색상이 어두운 칸은 신청인이 적지 않습니다.", "font-size:0.85em").html if d.chance(0.4) else ""
    return f'{note}<table class="ruled" style="background:#e8e8e8">{"<tr>"}{cells}</tr></table>'


def declaration(d: Draft) -> str:
    """The end of a form: what is asked for, the date, the applicant and his seal, the office."""
    law = d.rng.choice(("관련 법령에 따라", "같은 법 시행규칙에 따라", "위와 같이", "상기와 같이", "아래와 같이"))
    verb = d.rng.choice(
        ("신청합니다.", "신고합니다.", "제출합니다.", "확인합니다.", "청구합니다.", "보고합니다.", "동의합니다.")
    )
    parts = [f'<div style="text-align:{d.rng.choice(("left", "center"))}">{d.other(f"{law} {verb}")}</div>']
    day = f"{d.rng.randint(1988, 2026)}년 {d.rng.randint(1, 12)}월 {d.rng.randint(1, 28)}일"
    if d.chance(d.style.blank):
        day = d.rng.choice(("년     월     일", "20   년     월     일"))
    space = "white-space:pre"
    parts.append(
        div(d.other(day, space), f"text-align:{d.rng.choice(('center', 'right'))};margin:{d.rng.randint(2, 16)}px 0")
    )
    key = d.key(d.rng.choice(("신청인", "신고인", "제출자", "대표자", "위임인", "보호자", "작성자")))
    name = d.fill(d.name(), key)
    seal = d.other(d.rng.choice(("(서명 또는 인)", "(인)", "(서명)", "㊞")))
    gap = "&nbsp;" * d.rng.randint(3, 14)
    parts.append(f'<div style="text-align:right">{key}{gap}{name}{gap}{seal}</div>')
    if d.chance(0.7):
        office = f"{d.content.organisation()}{d.rng.choice(('장', ' 대표', ''))} {d.rng.choice(('귀하', '귀중', '앞'))}"
        parts.append(f'<div style="font-size:1.25em;font-weight:{d.rng.choice((400, 700))}">{d.other(office)}</div>')
    return "".join(parts)


def attachments(d: Draft) -> str:
    """Documents to hand in: a key, or a header, and a list."""
    name = d.rng.choice(("첨부서류", "구비서류", "붙임", "제출서류", "첨부"))
    items = [
        f"{at}. {d.content.title(d.topic)} {d.rng.randint(1, 3)}{d.rng.choice(('부', '통'))}"
        for at in range(1, d.rng.randint(2, 5))
    ]
    if d.chance(0.5):
        key = d.key(name)
        listed = "".join(f"<div>{d.answer(item, key)}</div>" for item in items)
        body = f'<div style="flex:0 0 auto;margin-right:12px">{key}</div><div class="fill">{listed}</div>'
        return f'<div class="row">{body}</div>'
    head = d.heading(name)
    return f"<div>{head}</div>" + "".join(f"<div>{d.other(item)}</div>" for item in items)


def stretched_cells(d: Draft) -> str:
    """Key cells whose letters are spread over the whole width of the cell."""
    rows, pairs = [], d.fit(d.rng.randint(1, 2))
    share = d.rng.randint(14, 24)
    for _ in range(d.rng.randint(2, 8)):
        cells = ""
        for item in d.fields(pairs, pairs):
            text = item.key.rstrip(" :")
            spread = len(text) <= 7 and " " not in text and not text.isascii()
            key = d.question(" ".join(text) if spread else text)
            side = "justify;text-align-last:justify" if spread else "center"
            cells += f'<th style="width:{share}%;text-align:{side};padding-left:8px;padding-right:8px">{key}</th>'
            cells += f"<td>{d.fill(item.value, key)}</td>"
        rows.append(f"<tr>{cells}</tr>")
    return f'<table class="ruled">{"".join(rows)}</table>'


def office_letter(d: Draft) -> str:
    """The head of an official letter: office, motto, recipient, subject."""
    office = d.other(d.content.organisation(), f"font-size:{d.rng.uniform(1.3, 2.0):.2f}em;font-weight:700")
    motto = f'<div style="font-size:0.8em">{d.other(d.content.slogan())}</div>' if d.chance(0.5) else ""
    rows = []
    for name in ("수신", "(경유)", "참조", "제목"):
        if name in {"(경유)", "참조"} and d.chance(0.5):
            continue
        key = d.question(name if d.chance(0.7) else f"{name}:")
        value = d.content.title(d.topic) if name == "제목" else f"{d.content.organisation()}장"
        made = d.fill(value, key, blank=1.0 if name == "(경유)" else 0.05)
        rows.append(div(div(key, "flex:0 0 9%") + div(made, kind="fill"), kind="row"))
    return f'<div style="text-align:center;margin-bottom:10px">{motto}{office}</div>{"".join(rows)}<hr>'
