"""``ml-server evaluate ocr``: how well engines read a folder with ground truth, side by side or as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ml_server.cli_measure import measuring, progress
from ml_server.cli_settings import settings_from
from ml_server.engines.factory import AUTO

if TYPE_CHECKING:
    from ml_server.training.evaluate_ocr import OCRReport
    from ml_server.training.ocr_pictures import Noise

EPILOG = (
    "Examples:\n\n  ml-server evaluate ocr my_pages --engine auto --engine tesseract --noise\n\n"
    "  ml-server evaluate ocr my_receipts --lang english --json | jq .words.f1"
)

_CAPTION = {
    False: "ratios in percent; words and characters without order; ① counts as 1 (see --strict)",
    True: "ratios in percent; words and characters without order; ① does not count as 1",
}
_NOISE = {None: "", "scan": " with scan noise", "photo": " photographed"}


def ocr(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            exists=True,
            help="Pages with their text: FUNSD, SROIE, forms as jsonl, or NAME.json (lines or words) beside NAME.png.",
        ),
    ],
    engine: Annotated[
        list[str] | None,
        typer.Option("--engine", "-e", help="auto or an engine; several times to compare.", show_default=AUTO),
    ] = None,
    lang: Annotated[str, typer.Option("--lang", "-l", help="What the engines read.")] = "korean+english",
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output, or a list of one for each engine.")
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N pages.")] = None,
    noise: Annotated[
        bool, typer.Option("--noise", help="Read the pages as a bad scan: turned, blurred, specks, JPEG.")
    ] = False,
    photo: Annotated[
        bool,
        typer.Option("--photo", help="Read the pages as a photograph: tilted, unevenly lit, blurred, JPEG."),
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Count ① apart from 1, ㎡ from m2 and full-width forms from plain ones."),
    ] = False,
) -> None:
    """Words, characters and lines as engines read them, against the truth.

    Unicode's compatibility forms are folded first (NFKC): ① counts as 1, ㎡ as m2, full-width forms as plain ones,
    unless --strict is given. Words are compared without case and punctuation, characters and lines with both; SROIE's
    truths, which are all in capitals, without case throughout.
    """
    from ml_server import logs

    if noise and photo:
        raise typer.BadParameter("--noise and --photo exclude each other")
    spoilt: Noise | None = "scan" if noise else "photo" if photo else None
    names = engine or [AUTO]
    engines = [settings_from(engine=name.strip().lower(), lang=lang, preload="") for name in names]
    logs.configure("WARNING", "console")
    with measuring():
        from ml_server.training.evaluate_ocr import evaluate_ocr, steps
        from ml_server.training.ocr_truth import read_truth

        pages = read_truth(folder)[:limit]
        with progress("read", len(engines) * steps(pages)) as advance:
            reports = evaluate_ocr(pages, engines, advance, noise=spoilt, strict=strict)
    if as_json:
        bodies = [report.as_dict() for report in reports]
        sys.stdout.write(json.dumps(bodies if len(bodies) > 1 else bodies[0], ensure_ascii=False) + "\n")
    else:
        _show(reports)


def _show(reports: Sequence[OCRReport]) -> None:
    first = reports[0]
    title = f"{first.pages} pages in {first.lang}{_NOISE[first.noise]}"
    table = Table(title=Text(title), caption=_CAPTION[first.strict])
    table.add_column("")
    for report in reports:
        table.add_column(Text(f"{report.engine}\n{report.model_version}"), justify="right")

    def row(name: str, figure: Callable[[OCRReport], str], *, bold: bool = False) -> None:
        table.add_row(name, *map(figure, reports), style="bold" if bold else None)

    row("word F1", lambda report: _percent(report.words.f1), bold=True)
    row("  precision", lambda report: _percent(report.words.precision))
    row("  recall", lambda report: _percent(report.words.recall))
    row("character F1", lambda report: _percent(report.characters.f1), bold=True)
    row("  precision", lambda report: _percent(report.characters.precision))
    row("  recall", lambda report: _percent(report.characters.recall))
    row("character error rate of pages, in order", lambda report: _percent(report.cer))
    if first.lines is not None:
        table.add_section()
        row(
            f"{first.lines.count} lines cut out, read without fault",
            lambda report: _percent(report.lines.accuracy if report.lines else None),
            bold=True,
        )
        row("  but for spaces", lambda report: _percent(report.lines.accuracy_without_spaces if report.lines else None))
        row("  character error rate", lambda report: _percent(report.lines.cer if report.lines else None))
    table.add_section()
    row("seconds a page", lambda report: f"{report.seconds_per_page:.2f}")
    Console().print(table)


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{100 * ratio:.1f}"
