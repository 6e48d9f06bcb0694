"""``python -m ml_server.training.synthetic.contact_sheet OUT.png``: pages with their entities and links."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, ImageDraw

from ml_server.training.synthetic.record import FormPage
from ml_server.training.synthetic.render import Renderer
from ml_server.training.synthetic.synthesis import synthesise

_COLOURS = {"question": "#1f4fd8", "answer": "#17803d", "header": "#c81e1e", "other": "#8a8a8a"}
_LINK = "#d81fc090"


def annotated(picture: Image.Image, page: FormPage) -> Image.Image:
    """The picture with every entity framed and tinted and a line along every link.

    Args:
        picture: of the page, in any size.
        page: what to draw.
    """
    scale = picture.width / page.width
    boxes = [tuple(edge * scale for edge in entity.box) for entity in page.form]
    image = picture.convert("RGB")
    pen = ImageDraw.Draw(image, "RGBA")
    for entity, (left, top, right, bottom) in zip(page.form, boxes, strict=True):
        colour = _COLOURS[entity.label]
        pen.rectangle((left, top, right, bottom), outline=colour, fill=colour + "30")
        for source, target in entity.linking:
            if source == entity.id:
                x0, y0, x1, y1 = boxes[target]
                pen.line([((left + right) / 2, (top + bottom) / 2), ((x0 + x1) / 2, (y0 + y1) / 2)], fill=_LINK)
    return image


def contact_sheet(
    seed: int, pages: int = 12, columns: int = 4, cell: tuple[int, int] = (480, 640), scan: bool = False
) -> Image.Image:
    """A grid of the first pages of a run.

    Args:
        seed: of the run.
        pages: how many.
        columns: of the grid.
        cell: width and height of a page's place in pixels.
        scan: show them as scanned.

    Raises:
        BrowserMissing: there is no Chromium.
    """
    width, height = cell
    sheet = Image.new("RGB", (width * columns, height * -(-pages // columns)), "#b0b0b0")
    with Renderer() as renderer:
        for at in range(pages):
            made = synthesise(renderer, seed, at, picture=True, scan=scan)
            image = Image.open(io.BytesIO(made.png or b"")).convert("RGB")
            image.thumbnail((width - 8, height - 8))
            image = annotated(image, made.page)
            place = (at % columns * width, at // columns * height)
            sheet.paste(image, (place[0] + (width - image.width) // 2, place[1] + (height - image.height) // 2))
    return sheet


def main(
    out: Annotated[Path, typer.Argument(help="PNG to write.")],
    seed: Annotated[int, typer.Option(help="Seed of the run.")] = 0,
    pages: Annotated[int, typer.Option(min=1, help="Number of pages.")] = 12,
    columns: Annotated[int, typer.Option(min=1, help="Pages beside one another.")] = 4,
    cell: Annotated[tuple[int, int], typer.Option(help="Width and height of a page's place in pixels.")] = (480, 640),
    colours: Annotated[int, typer.Option(min=2, max=256, help="Colours of the picture; fewer are smaller.")] = 200,
    scan: Annotated[bool, typer.Option("--scan/--clean", help="Show the pages as scanned.")] = False,
) -> None:
    """Draw a grid of synthetic pages with their entities and links."""
    sheet = contact_sheet(seed, pages, columns, cell, scan)
    sheet.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, optimize=True)


if __name__ == "__main__":
    typer.run(main)
