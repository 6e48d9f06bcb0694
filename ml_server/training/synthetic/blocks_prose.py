"""Words around the fields: letterheads, titles, paragraphs, notices, lists, stamps, marks at the edges."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft, Piece
from ml_server.training.synthetic.markup import div


def letterhead(d: Draft) -> str:
    """Who sends it: organisation, address, now and then a logo made of letters."""
    align = d.rng.choice(("left", "center", "center", "right"))
    big = d.rng.uniform(1.0, 2.2)
    name = d.other(
        d.content.organisation(),
        f"font-size:{big:.2f}em;font-weight:{d.rng.choice((400, 700))};letter-spacing:{d.rng.choice((0, 0, 3))}px",
    )
    lines = [f"<div>{name}</div>"]
    if d.chance(0.5):
        lines.append(f'<div style="font-size:0.85em">{d.other(d.content.address())}</div>')
    elif d.chance(0.5):
        lines += [div(d.other(line), "font-size:0.85em") for line in d.content.letterhead()]
    if d.chance(0.1):
        lines.insert(0, div(d.other(d.content.slogan()), "font-size:0.8em;font-style:italic"))
    if d.chance(0.3):
        phone = ("전화", "팩스") if d.content.language == "korean" else ("Telephone", "FAX")
        for text in phone[: d.rng.randint(1, 2)]:
            key = d.question(text + ":", free=True)
            number = f"({d.rng.randint(200, 990)}) {d.rng.randint(200, 999)}-{d.rng.randint(0, 9999):04d}"
            lines.append(f'<div style="font-size:0.85em">{key} {d.answer(number, key)}</div>')
    return f'<div style="text-align:{align}">{"".join(lines)}</div>'


_HINTS = (
    "(Please print or type)",
    "(check all that apply)",
    "(Use reverse side if necessary)",
    "(to be completed by sender)",
)
_HANGUL_HINTS = ("(해당란에 ✓ 표시)", "(작성 시 유의사항 참조)", "(뒤쪽 참조)", "(담당자 기재)", "(단위: 원)")


def _longer(d: Draft, text: str) -> str:
    """A title as it is, or with who sends it, what part it is, or a second line."""
    roll = d.rng.random()
    if roll < 0.1:
        return f"{d.content.organisation()}\n{text}"
    if roll < 0.17:
        return f"{d.content.organisation()} - {text}"
    if roll < 0.26:
        return f"{text}\n{d.content.section(d.topic)}"
    if roll < 0.34:
        return f"{text} - {d.content.title(d.topic)}"
    if roll < 0.4:
        return f"{text}\n({d.content.section(d.topic)})"
    return text


def title(d: Draft, text: str | None = None) -> tuple[Piece, str]:
    """The page's title and its HTML."""
    text = _longer(d, d.content.title(d.topic)) if text is None else text
    if d.chance(0.4):
        text = text.upper()
    piece = d.piece(text, "header")
    size = d.rng.choice((1.0, 1.1, 1.3, 1.5, 1.9 if d.hangul else 1.6))
    spacing = d.rng.choice((0, 0, 0, 4)) if d.hangul else 0
    align = d.rng.choice(("center", "center", "center", "left"))
    css = f"text-align:{align};font-size:{size}em;letter-spacing:{spacing}px"
    weight = d.rng.choice((400, 700, 700))
    frame = d.rng.choice(
        ("",) * 5 + ("text-decoration:underline", "border:2px solid #000;padding:6px", "border-bottom:2px solid #000")
    )
    return piece, f'<div class="head" style="{css};font-weight:{weight};{frame}">{piece}</div>'


def section_head(d: Draft) -> tuple[Piece, str]:
    """A section's header and its HTML."""
    text = d.content.section(d.topic)
    if d.chance(0.2):
        text = (
            d.rng.choice(("{}. ", "{}) ", "Part {}: " if not d.hangul else "제{}부 ")).format(d.rng.randint(1, 6))
            + text
        )
    if d.chance(0.12):
        text = f"{text} {d.rng.choice(_HANGUL_HINTS if d.content.language == 'korean' else _HINTS)}"
    piece = d.heading(text + (":" if d.chance(0.25) else ""))
    manner = d.rng.choice(("plain", "bold", "bold", "underline", "bar", "rule"))
    if d.style.inverse:
        manner = "inverse"
    css = {
        "plain": "",
        "bold": "font-weight:700",
        "underline": "text-decoration:underline",
        "bar": "background:#ddd;padding:2px 4px",
        "rule": "border-bottom:1px solid #000;font-weight:700",
        "inverse": "background:#000;color:#fff;padding:2px 4px",
    }[manner]
    align = "center" if d.style.centred_heads else "left"
    return piece, f'<div class="head" style="{css};text-align:{align};margin-bottom:4px">{piece}</div>'


def paragraphs(d: Draft) -> str:
    """Prose; a paragraph is one entity."""
    align = d.rng.choice(("left", "left", "justify"))
    parts = [
        div(
            d.other(d.content.paragraph(d.rng.randint(1, 5))),
            f"text-align:{align};text-indent:{d.rng.choice((0, 0, 30))}px;margin-bottom:0.7em",
        )
        for _ in range(d.rng.randint(1, 3))
    ]
    return "".join(parts)


def instructions(d: Draft) -> str:
    """What to do with the form, small, framed, or in capitals."""
    text = d.content.paragraph(d.rng.randint(1, 2))
    if d.chance(0.2):
        text = text.upper()
    if d.chance(0.3):
        text = ("※ " if d.hangul else "* ") + text
    frame = d.rng.choice(("", "", "border:1px solid #000;padding:5px", "border:3px double #000;padding:6px"))
    css = f"font-size:{d.rng.uniform(0.7, 1.0):.2f}em;text-align:{d.rng.choice(('left', 'center'))};{frame}"
    style = d.rng.choice(("normal", "normal", "italic"))
    return f'<div style="{css};font-style:{style}">{d.other(text)}</div>'


def bullets(d: Draft) -> str:
    """A list of sentences, each an entity."""
    sign = d.rng.choice(("•", "-", "○", "*", "▪", "{}."))
    items = [
        f"<div>{d.other(sign.format(at) + ' ' + d.content.sentence())}</div>" for at in range(1, d.rng.randint(3, 6))
    ]
    return "".join(items)


def copies(d: Draft) -> str:
    """A distribution list: one key, names in columns."""
    key = d.question(
        d.rng.choice(
            ("참조:", "배포처:", "수신처")
            if d.content.language == "korean"
            else ("cc:", "CC:", "Distribution:", "Copies to:")
        )
    )
    label = d.chance(0.7)
    names = []
    for _ in range(d.rng.randint(2, 9)):
        text = d.content.organisation() if d.chance(0.2) else d.name()
        names.append(f"<div>{d.answer(text, key) if label else d.other(text)}</div>")
    return div(f"{key}{div(''.join(names), f'--n:{d.rng.randint(1, 4)};margin-left:14px', 'fill grid')}", kind="row")


def fax_line(d: Draft) -> str:
    """The line a fax machine prints at the top."""
    rng = d.rng
    month = rng.choice(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"))
    clock = f"{rng.randint(1, 12):02d}:{rng.randint(0, 59):02d}{rng.choice(('AM', 'PM'))}"
    parts = (
        f"{month} {rng.randint(1, 28)} '{rng.randint(85, 99)} {clock}",
        d.content.organisation().upper()[:30],
        f"{rng.randint(200, 999)} {rng.randint(200, 999)} {rng.randint(0, 9999):04d}",
        f"P.{rng.randint(1, 9)}/{rng.randint(9, 20)}" if rng.random() < 0.6 else f"P.{rng.randint(1, 9):02d}",
    )
    chosen = [part for part in parts if d.chance(0.8)] or [parts[0]]
    texts = [" ".join(chosen)] if d.chance(0.5) else chosen
    spans = "".join(f"<div>{d.other(text)}</div>" for text in texts)
    return div(spans, "justify-content:space-between;font:11px 'Liberation Mono','NanumGothicCoding'", "row")
