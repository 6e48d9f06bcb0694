"""What stands on a sheet apart from its flow: numbers at the edges, footers, stamps, handwriting."""

from __future__ import annotations

from collections.abc import Callable

from ml_server.training.synthetic.draft import Draft


def _at(inner: str, where: str, *, turned: bool = False) -> str:
    return f'<div style="position:absolute;white-space:nowrap;{where}"{" data-turned" if turned else ""}>{inner}</div>'


def _number(d: Draft) -> str:
    return "".join(d.rng.choice("0123456789") for _ in range(d.rng.randint(6, 11)))


def archive_number(d: Draft) -> str:
    """The number an archive stamped on the sheet, upright at the edge or level at the foot."""
    text = _number(d) if d.chance(0.8) else f"{d.rng.choice(('ATX', 'TI', 'RJ', 'KR', 'PX'))} {_number(d)}"
    span = d.other(text)
    family = d.rng.choice(("Liberation Sans", "OCRA", "Liberation Mono", "Liberation Serif"))
    font = f"font:{d.rng.choice((400, 700))} {d.rng.randint(12, 18)}px '{family}'"
    if d.chance(0.6):
        side = d.rng.choice(("right", "right", "left"))
        mode = d.rng.choice(("vertical-rl", "vertical-rl", "sideways-lr"))
        return _at(str(span), f"{side}:4px;top:{d.rng.randint(25, 80)}%;writing-mode:{mode};{font}", turned=True)
    return _at(str(span), f"right:{d.rng.randint(10, 90)}px;bottom:{d.rng.randint(4, 16)}px;{font}")


def page_number(d: Draft) -> str:
    """A page's number at the foot."""
    at = d.rng.randint(1, 30)
    text = d.rng.choice(
        (f"{at}", f"- {at} -", f"Page {at} of {at + 3}" if not d.hangul else f"{at} / {at + 2}", f"({at})")
    )
    return _at(str(d.other(text)), "left:0;right:0;text-align:center;bottom:6px")


def form_number(d: Draft) -> str:
    """What the form is called in the printer's list."""
    rng = d.rng
    if d.hangul:
        text = rng.choice(
            (
                f"[별지 제{rng.randint(1, 60)}호 서식]",
                f"서식 {rng.randint(1, 99)}-{rng.randint(1, 9)}",
                "210mm×297mm[백상지 80g/㎡]",
            )
        )
    else:
        text = rng.choice(
            (
                f"Form {rng.randint(10, 9999)}",
                f"FORM NO. {rng.randint(1, 99)}-{rng.randint(100, 999)}",
                f"Rev. {rng.randint(1, 12)}/{rng.randint(70, 99)}",
            )
        )
    edge = rng.choice(("top", "bottom"))
    return _at(
        str(d.other(text)),
        f"{rng.choice(('left', 'right'))}:{rng.randint(14, 60)}px;{edge}:5px;font-size:{rng.randint(7, 11)}px",
    )


def footer(d: Draft) -> str:
    """A small line at the foot."""
    text = d.rng.choice((d.content.organisation, d.content.address, d.content.sentence, d.content.footer))()
    size = d.rng.randint(8, 11)
    fits = int(d.style.width * 0.8 / (size * (1.0 if d.hangul else 0.6)))
    return _at(
        str(d.other(text[:fits].strip() or text)), f"left:0;right:0;text-align:center;bottom:22px;font-size:{size}px"
    )


def stamp(d: Draft) -> str:
    """A rubber stamp, askew: a seal, RECEIVED and a date, CONFIDENTIAL."""
    rng = d.rng
    turn = rng.uniform(-25, 25)
    where = f"left:{rng.randint(45, 78)}%;top:{rng.randint(3, 85)}%;transform:rotate({turn:.0f}deg)"
    colour = rng.choice(("#c11", "#c11", "#225", "#000"))
    if d.hangul and d.chance(0.6):
        body = f"{d.other(rng.choice(('인', '印', '검인', '직인', '확인', '접수')))}"
        look = "border-radius:50%;width:44px;height:44px;display:flex;align-items:center;justify-content:center"
    else:
        words = rng.choice(("RECEIVED", "CONFIDENTIAL", "COPY", "PAID", "FILE COPY", "APPROVED", "DRAFT"))
        day = f"{rng.choice(('JAN', 'MAR', 'JUN', 'SEP', 'NOV'))} {rng.randint(1, 28)} {rng.randint(1980, 1999)}"
        lines = words if d.chance(0.4) else f"{words}\n{day}"
        body = str(d.other(lines))
        look = "padding:3px 8px;text-align:center"
    font = f"font:700 {rng.randint(12, 22)}px 'Liberation Sans','NanumMyeongjo'"
    return _at(body, f"{where};border:2px solid {colour};color:{colour};{font};{look}", turned=True)


def scrawl(d: Draft) -> str:
    """A word somebody wrote on the sheet."""
    text = (
        d.rng.choice(("확인", "보류", "재검토"))
        if d.hangul
        else d.rng.choice(("OK", "File", "see me", "Rush", "copy to file", "?"))
    )
    where = f"left:{d.rng.randint(55, 85)}%;top:{d.rng.randint(1, 8)}%;transform:rotate({d.rng.randint(-15, 15)}deg)"
    return _at(str(d.other(text)), f"{where};font:{d.rng.randint(22, 34)}px {d.style.hand_font}", turned=True)


_MARKS: tuple[tuple[Callable[[Draft], str], float], ...] = (
    (archive_number, 0.45),
    (page_number, 0.22),
    (form_number, 0.2),
    (footer, 0.15),
    (stamp, 0.09),
    (scrawl, 0.05),
)


def draw_marks(d: Draft) -> str:
    """Some marks, often none; every mark is a block of its own."""
    html = ""
    for mark, probability in _MARKS:
        if d.chance(probability):
            d.block += 1
            html += mark(d)
    return html
