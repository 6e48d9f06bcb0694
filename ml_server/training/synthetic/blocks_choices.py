"""Boxes to tick and questions to answer in words."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft, Piece


def _answer_options(d: Draft) -> str:
    """Options as words beside a box; each is an answer of the question, or only the ticked one is."""
    text, options = d.content.choices()
    key = d.key(text)
    ticked = d.rng.randrange(len(options)) if not d.chance(d.style.blank) else -1
    only = d.chance(0.7 if d.hangul else 0.3)
    parts = []
    for at, option in enumerate(options):
        words = f"{d.style.mark if at == ticked else d.style.empty_mark} {option}"
        if only and at != ticked:
            parts.append(d.other(words).html)
        else:
            parts.append(d.answer(words, key).html)
    return _lay(d, key, parts)


def _question_options(d: Draft) -> str:
    """Options as questions under a header, the ticked ones answered by a mark."""
    text, options = d.content.choices()
    head = d.piece(text + ("" if d.chance(0.6) else ":"), "header")
    before, place = d.chance(0.6), d.rng.choice(("_____", "", "", "box"))
    parts = []
    with d.under(head):
        for option in options:
            key = d.question(option)
            ticked = not d.chance(max(d.style.blank, 0.5))
            mark = d.answer(d.rng.choice(("X", "X", "V", "✓", "x")), key).html if ticked else ""
            if place == "box":
                mark = f'<span class="tick">{mark or "&nbsp;"}</span>'
            elif place:
                mark = f'<span style="border-bottom:1px solid #000">&nbsp;&nbsp;{mark or "&nbsp;&nbsp;"}&nbsp;</span>'
            parts.append(f"{mark}&nbsp;{key}" if before else f"{key}&nbsp;{mark}")
    return _lay(d, head, parts)


def _joined_options(d: Draft) -> str:
    """Every option with its box is a question of its own, none of them answered."""
    text, options = d.content.choices()
    head = d.piece(text, "header")
    with d.under(head):
        parts = [
            d.question(f"{d.style.empty_mark} {option}" if d.chance(0.9) else f"{d.style.mark} {option}").html
            for option in options
        ]
    return _lay(d, head, parts)


def _lay(d: Draft, head: Piece, parts: list[str]) -> str:
    shape = d.rng.choice(("line", "line", "list", "grid"))
    gap = d.rng.randint(8, 40)
    if shape == "line":
        inner = "".join(f'<div style="margin-right:{gap}px">{part}</div>' for part in parts)
        return f'<div class="run"><div style="margin-right:{gap}px">{head}</div>{inner}</div>'
    inner = "".join(f"<div>{part}</div>" for part in parts)
    columns = 1 if shape == "list" else d.fit(d.rng.randint(2, 4))
    return (
        f'<div>{head}</div><div class="grid" style="--n:{columns};margin-left:{d.rng.randint(0, 40)}px">{inner}</div>'
    )


def choices(d: Draft) -> str:
    """One to four groups of boxes, all of one manner."""
    manner = d.rng.choice((_answer_options, _question_options, _joined_options))
    return "".join(
        f'<div style="margin-bottom:{d.style.row_gap}px">{manner(d)}</div>' for _ in range(d.rng.randint(1, 4))
    )


def numbered_questions(d: Draft) -> str:
    """Sentences with numbers, answers under them: one line or a paragraph, or ruled lines left open."""
    numbering = d.rng.choice(("{}. ", "{}. ", "{}) ", "({}) ", "Q{}. ", ""))
    indent, first = d.rng.randint(0, 40), d.rng.randint(1, 6)
    items = []
    for number in range(first, first + d.rng.randint(2, 6)):
        text = d.content.choices()[0] if d.chance(0.5) else d.content.field(d.topic).key
        key = d.key(numbering.format(number) + text)
        if d.chance(d.style.blank):
            value = '<div class="line">&nbsp;</div>' * d.rng.choice((1, 1, 2, 3))
        else:
            words = d.content.paragraph(d.rng.randint(1, 3)) if d.chance(0.5) else d.content.sentence()
            value = d.answer(words, key).html
        below = f'<div style="margin-left:{indent}px">{value}</div>'
        items.append(f'<div style="margin-bottom:{d.style.row_gap + 3}px">{key}{below}</div>')
    return "".join(items)


def cloze(d: Draft) -> str:
    """A sentence with blanks to fill: the words around them are other."""
    parts = []
    for _ in range(d.rng.randint(1, 3)):
        words = d.content.sentence().split()
        cut = d.rng.randint(1, max(1, len(words) - 1))
        blank = f'<span style="border-bottom:1px solid #000">{"&nbsp;" * d.rng.randint(8, 24)}</span>'
        rest = " ".join(words[cut:])
        parts.append(f"{d.other(' '.join(words[:cut]))} {blank} {d.other(rest) if rest else ''}")
    return f'<div style="line-height:{d.style.leading + 0.3:.2f}">{" ".join(parts)}</div>'
