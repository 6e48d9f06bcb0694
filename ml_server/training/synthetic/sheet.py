"""The HTML around the blocks: the sheet, its margins, its style sheet."""

from __future__ import annotations

from ml_server.training.synthetic.draft import Draft
from ml_server.training.synthetic.markup import div
from ml_server.training.synthetic.style import Style


def document(d: Draft, flow: list[str], marks: str) -> str:
    """The whole page.

    Args:
        d: what it looks like.
        flow: HTML of its blocks, from top to bottom.
        marks: HTML of what stands apart from the flow.
    """
    style = d.style
    top, right, bottom, left = style.margins
    spread = (
        "display:flex;flex-direction:column;justify-content:space-between;"
        if d.chance(0.12) and not style.newspaper
        else ""
    )
    box = f"height:{style.height - top - bottom}px;" if spread else ""
    padding = f"padding:{top}px {right}px 0 {left}px"
    body = div("".join(flow), f"{padding};{spread}{box}", "newspaper" if style.newspaper else "")
    language = "ko" if d.hangul else "en"
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><style>{_css(style)}</style><body>'
        f'<div id="sheet" data-limit="{style.height - bottom}" style="width:{style.width}px;height:{style.height}px">'
        f'<main id="flow">{body}</main>{marks}</div></body></html>'
    )


def _css(style: Style) -> str:
    """The page's style sheet."""
    breaks = "keep-all" if style.keep_words else "normal"
    head = "background:#000;color:#fff" if style.inverse else f"background:{style.shade or 'none'}"
    return (
        f"*{{box-sizing:border-box}}body{{margin:0;background:#fff;overflow:hidden}}"
        f"#sheet{{position:relative;overflow:hidden;font:{style.size:.2f}px/{style.leading:.2f} {style.key_font};"
        f"letter-spacing:{style.tracking:.2f}px;word-break:{breaks};overflow-wrap:break-word}}"
        f"section{{margin-bottom:{style.gap}px}}"
        f".q{{font-weight:{700 if style.bold_keys else 400}}}.a{{font:400 {style.value_size:.2f}px {style.value_font}}}"
        f".a{{position:relative;left:{style.offset[0]:.1f}px;top:{style.offset[1]:.1f}px}}"
        f".newspaper{{column-count:2;column-gap:26px}}section{{break-inside:avoid}}"
        f".head{{font-family:{style.head_font}}}"
        f".row{{display:flex;align-items:baseline;margin-bottom:{style.row_gap}px}}.fill{{flex:1 1 0;min-width:0}}"
        f".half{{flex:1 1 0;min-width:0}}.line{{border-bottom:1px solid #000;min-height:1.2em}}"
        f".cols{{display:grid;grid-template-columns:repeat(var(--n),minmax(0,1fr))}}"
        f".grid{{display:grid;grid-template-columns:repeat(var(--n),minmax(0,1fr))}}"
        f".run{{display:flex;flex-wrap:wrap;align-items:baseline;row-gap:{style.row_gap}px}}.pair{{max-width:100%}}"
        f".tick{{border:1px solid #000;padding:0 4px}}"
        f".boxes{{border:{style.rule};border-width:1px}}.boxrow{{display:flex}}"
        f".cell{{border:{style.rule};border-width:1px;padding:{style.padding}px;min-width:min-content}}"
        f".frame{{border:{style.rule};padding:{style.padding + 3}px;margin-bottom:6px}}"
        f"table{{border-collapse:collapse;width:100%}}"
        f"th,td{{padding:{style.padding}px;text-align:left;vertical-align:middle}}"
        f"th{{font-weight:inherit;{head}}}.ruled th,.ruled td{{border:{style.rule}}}.keys th{{text-align:var(--ta)}}"
        f".lined tr{{border-bottom:1px solid #555}}.zebra tr:nth-child(odd){{background:#eee}}"
        f".headline .top{{border-top:2px solid #000;border-bottom:1px solid #000}}"
        f".bare th{{text-decoration:underline;background:none;color:#000}}"
    )
