"""``python -m ml_server.training.recognition OUT``: write lines to look at, and a sheet of them."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image
from rich.console import Console

from ml_server.training.recognition.lines import Lines
from ml_server.training.recognition.sheet import contact_sheet
from ml_server.training.recognition.texts import Blend
from ml_server.training.recognition.typefaces import NoTypefaces


def main(
    out: Annotated[Path, typer.Argument(help="Folder to write to: 00000.png and so on, lines.jsonl, sheet.png.")],
    number: Annotated[int, typer.Option(min=1, help="Number of lines.")] = 120,
    seed: Annotated[int, typer.Option(help="Line i depends on the seed and on i alone.")] = 0,
    first: Annotated[int, typer.Option(min=0, help="The first line.")] = 0,
    english: Annotated[float, typer.Option(min=0, max=1, help="Share of English lines.")] = 0.35,
    mixed: Annotated[float, typer.Option(min=0, max=1, help="Share of Korean lines with English in them.")] = 0.13,
    marks: Annotated[float, typer.Option(min=0, max=1, help="Share of lines of marks and symbols.")] = 0.0,
    hanja: Annotated[float, typer.Option(min=0, max=1, help="Share of lines with Hanja.")] = 0.0,
    worn: Annotated[float, typer.Option(min=0, max=1, help="Share of lines that are not plain black on white.")] = 0.97,
    widest: Annotated[int, typer.Option(min=320, help="Widest line in pixels at a height of 48.")] = 1600,
) -> None:
    """Write lines of text as the recogniser is trained on."""
    console = Console()
    out.mkdir(parents=True, exist_ok=True)
    try:
        blend = Blend(english, mixed, marks=marks, hanja=hanja)
        lines = list(islice(Lines(seed, widest, blend, worn).stream(first), number))
    except NoTypefaces as error:
        console.print(f"[red]{error}")
        raise typer.Exit(2) from error
    with (out / "lines.jsonl").open("w", encoding="utf-8") as listing:
        for at, line in enumerate(lines, first):
            Image.fromarray(line.pixels).save(out / f"{at:05}.png")
            listing.write(json.dumps({"image": f"{at:05}.png", "text": line.text}, ensure_ascii=False) + "\n")
    contact_sheet(lines).save(out / "sheet.png", optimize=True)
    console.print(f"{number} lines and sheet.png written to {out}")


if __name__ == "__main__":
    typer.run(main)
