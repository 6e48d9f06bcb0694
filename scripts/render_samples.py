"""Render the sample documents in ``samples/``: an invoice in Korean, one in English, and both as a two-page PDF.

::

    python scripts/render_samples.py            write samples/*.png, *.pdf and the ground truth beside them, *.json
    python scripts/render_samples.py --out DIR  write them somewhere else

Every company, person, address and number is made up: the registration, VAT and account numbers have wrong check digits,
the telephone numbers lie in ranges kept for fiction, and the mail addresses end in ``.example``. The same font file and
Pillow give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from PIL import Image, ImageDraw
from sample_invoices import ENGLISH, KOREAN, Invoice, Party

from ml_server import fonts

ROOT = Path(__file__).resolve().parents[1]
DPI = 200
WIDTH, HEIGHT = 210.0, 297.0  # A4 in millimetres; every length below is in millimetres, every type size in points
MARGIN = 17.0

Colour = tuple[int, int, int]
Align = Literal["left", "right", "centre"]
INK: Colour = (30, 34, 42)
SOFT: Colour = (92, 100, 112)
RULE: Colour = (205, 210, 216)
TINT: Colour = (240, 244, 245)
WHITE: Colour = (255, 255, 255)


def px(millimetres: float) -> int:
    """Millimetres to whole pixels."""
    return round(millimetres * DPI / 25.4)


@dataclass
class Sheet:
    """A page being drawn, which remembers every run of text and where it lies."""

    accent: Colour
    image: Image.Image = field(default_factory=lambda: Image.new("RGB", (px(WIDTH), px(HEIGHT)), WHITE))
    lines: list[dict[str, Any]] = field(default_factory=list)
    pairs: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.marks = ImageDraw.Draw(self.image)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9,
        *,
        bold: bool = False,
        colour: Colour = INK,
        align: Align = "left",
    ) -> float:
        """Write one run with its baseline at ``y``; returns where it ends on the right."""
        file = fonts.hangul_font(bold=bold)
        assert file is not None  # main() has looked
        font = fonts.load(file, size * DPI / 72)
        left = px(x) - round({"left": 0.0, "right": 1.0, "centre": 0.5}[align] * font.getlength(text))
        self.marks.text((left, px(y)), text, fill=colour, font=font, anchor="ls")
        x0, y0, x1, y1 = (round(value) for value in font.getbbox(text, anchor="ls"))
        x0, y0, x1, y1 = x0 + left, y0 + px(y), x1 + left, y1 + px(y)
        self.lines.append({"text": text, "bbox": [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]})
        return x1 * 25.4 / DPI

    def pair(self, x: float, y: float, key: str, value: str, indent: float, size: float = 9.5) -> None:
        """Write a label and, ``indent`` to the right of it, what it labels."""
        self.text(x, y, key, size, colour=SOFT)
        self.text(x + indent, y, value, size)
        self.pairs.append({"key": key, "value": value})

    def box(self, x: float, y: float, width: float, height: float, fill: Colour) -> None:
        """Fill a rectangle."""
        self.marks.rectangle((px(x), px(y), px(x + width) - 1, px(y + height) - 1), fill=fill)

    def rule(self, x: float, y: float, width: float, colour: Colour = RULE, weight: int = 2) -> None:
        """Draw a horizontal line, ``weight`` pixels thick."""
        self.marks.rectangle((px(x), px(y), px(x + width), px(y) + weight - 1), fill=colour)


def render(invoice: Invoice) -> Sheet:
    """Draw one invoice."""
    sheet = Sheet(accent=invoice.accent)
    right = WIDTH - MARGIN
    _head(sheet, invoice, right)
    column = (right - MARGIN - 8) / 2
    _party(sheet, MARGIN, 62, column, invoice.seller_title, invoice.seller)
    _party(sheet, MARGIN + column + 8, 62, column, invoice.buyer_title, invoice.buyer)
    bottom = _items(sheet, invoice, 120, right)
    _payment(sheet, invoice, bottom + 9, right - MARGIN - 78 - 10)
    _totals(sheet, invoice, bottom + 9, right)
    for number, note in enumerate(invoice.notes):
        sheet.text(MARGIN, bottom + 55 + number * 6, note, 9.5)
    sheet.rule(MARGIN, HEIGHT - 19, right - MARGIN)
    sheet.text(WIDTH / 2, HEIGHT - 13, invoice.footer, 8.5, colour=SOFT, align="centre")
    return sheet


def _head(sheet: Sheet, invoice: Invoice, right: float) -> None:
    sheet.box(0, 0, WIDTH, 5, sheet.accent)
    _logo(sheet, MARGIN, 15, 15)
    sheet.text(MARGIN + 21, 21.5, invoice.seller.name, 15, bold=True)
    sheet.text(MARGIN + 21, 28.8, invoice.tagline, 9.5, colour=SOFT)
    sheet.text(right, 25.5, invoice.title, 27, bold=True, colour=sheet.accent, align="right")
    sheet.rule(MARGIN, 38.5, right - MARGIN)
    sheet.rule(MARGIN, 53, right - MARGIN)
    step = (right - MARGIN) / len(invoice.facts)
    for number, (key, value) in enumerate(invoice.facts):
        x = MARGIN + number * step
        sheet.text(x, 44, key, 8.5, colour=SOFT)
        sheet.pairs.append({"key": key, "value": value})
    for number, (_, value) in enumerate(invoice.facts):
        sheet.text(MARGIN + number * step, 50, value, 9.5, bold=True)


def _logo(sheet: Sheet, x: float, y: float, size: float) -> None:
    sheet.marks.rounded_rectangle((px(x), px(y), px(x + size), px(y + size)), px(2.2), fill=sheet.accent)
    for number, share in enumerate((0.28, 0.5, 0.72)):
        tall = (0.30, 0.52, 0.40)[number] * size
        left = x + share * size - 0.06 * size
        corners = (px(left), px(y + 0.78 * size - tall), px(left + 0.12 * size), px(y + 0.78 * size))
        sheet.marks.rounded_rectangle(corners, px(0.8), fill=WHITE)


def _party(sheet: Sheet, x: float, y: float, width: float, title: str, party: Party) -> None:
    sheet.text(x, y + 1, title, 9, bold=True, colour=sheet.accent)
    sheet.rule(x, y + 3.5, width, sheet.accent, 3)
    for number, (key, value) in enumerate(party.facts):
        sheet.pair(x, y + 10 + number * 6.6, key, value, party.indent)


def _items(sheet: Sheet, invoice: Invoice, y: float, right: float) -> float:
    """The table of items; returns its lower edge."""
    sheet.box(MARGIN, y, right - MARGIN, 9, sheet.accent)
    for column in invoice.columns:
        sheet.text(column.x, y + 6, column.title, 9, bold=True, colour=WHITE, align=column.align)
    y += 9
    for number, row in enumerate(invoice.rows()):
        if number % 2:
            sheet.box(MARGIN, y, right - MARGIN, 8.6, TINT)
        for column, cell in zip(invoice.columns, row, strict=True):
            sheet.text(column.x, y + 5.8, cell, 9.5, align=column.align)
        y += 8.6
    sheet.rule(MARGIN, y, right - MARGIN, sheet.accent, 3)
    return y


def _payment(sheet: Sheet, invoice: Invoice, y: float, width: float) -> None:
    sheet.text(MARGIN, y, invoice.payment_title, 9, bold=True, colour=sheet.accent)
    sheet.rule(MARGIN, y + 2.5, width, sheet.accent, 3)
    for number, (key, value) in enumerate(invoice.payment):
        sheet.pair(MARGIN, y + 9 + number * 6.6, key, value, 27)


def _totals(sheet: Sheet, invoice: Invoice, y: float, right: float) -> None:
    """Sums, the last one large."""
    left = right - 78
    *parts, (total_key, total) = invoice.totals()
    for key, value in parts:
        sheet.text(left + 4, y, key, 9.5, colour=SOFT)
        sheet.text(right - 4, y, value, 9.5, align="right")
        sheet.pairs.append({"key": key, "value": value})
        y += 6.6
    sheet.rule(left, y - 2, 78, sheet.accent, 3)
    sheet.text(left + 4, y + 6.5, total_key, 10.5, bold=True)
    sheet.text(right - 4, y + 6.7, total, 12, bold=True, colour=sheet.accent, align="right")
    sheet.rule(left, y + 11, 78, sheet.accent, 8)
    sheet.pairs.append({"key": total_key, "value": total})


def _truth(sheet: Sheet, invoice: Invoice) -> dict[str, Any]:
    width, height = sheet.image.size
    return {
        "language": invoice.language,
        "width": width,
        "height": height,
        "lines": sheet.lines,
        "key_values": sheet.pairs,
    }


def _write(path: Path, truth: dict[str, Any]) -> None:
    """JSON with one line of text a line, so that a change shows as one."""
    flat = [
        f"  {json.dumps(key)}: "
        + (
            "[\n" + ",\n".join(f"    {json.dumps(item, ensure_ascii=False)}" for item in value) + "\n  ]"
            if isinstance(value, list)
            else json.dumps(value, ensure_ascii=False)
        )
        for key, value in truth.items()
    ]
    path.write_text("{\n" + ",\n".join(flat) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Write the samples."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "samples", help="folder to write to")
    out: Path = parser.parse_args().out
    for bold in (False, True):
        if fonts.hangul_font(bold=bold) is None:
            places = ", ".join(map(str, fonts.folders()))
            raise SystemExit(f"no Korean font (NanumGothic, Noto Sans CJK, …) in {places}; try: {fonts.INSTALL}")
    out.mkdir(parents=True, exist_ok=True)
    sheets = []
    for name, invoice in (("invoice_korean", KOREAN), ("invoice_english", ENGLISH)):
        sheet = render(invoice)
        # 32 colours hold the accents and the grey edges of the letters, in a sixth of the bytes of RGB.
        small = sheet.image.quantize(32, dither=Image.Dither.NONE)
        small.save(out / f"{name}.png", optimize=True, dpi=(DPI, DPI))
        _write(out / f"{name}.json", {"image": f"{name}.png", **_truth(sheet, invoice)})
        sheets.append((sheet, invoice))
    first, *others = (sheet.image for sheet, _ in sheets)
    when = time.gmtime(0)  # else Pillow writes the time of day into the file
    title = "Two invoices, one Korean and one English"
    options: dict[str, Any] = {"resolution": DPI, "quality": 80, "title": title, "creationDate": when, "modDate": when}
    first.save(out / "invoices.pdf", save_all=True, append_images=others, **options)
    _write(out / "invoices.json", {"document": "invoices.pdf", "pages": [_truth(*drawn) for drawn in sheets]})


if __name__ == "__main__":
    main()
