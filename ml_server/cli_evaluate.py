"""``ml-server evaluate``: how good the models are on annotated documents, as tables, a picture or JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ml_server import cli_evaluate_ocr
from ml_server.cli_measure import measuring, progress
from ml_server.cli_settings import settings_from
from ml_server.engines.extractor import ExtractorConfig
from ml_server.engines.extractors import ExtractorFactory
from ml_server.settings import Settings, usable_cores

if TYPE_CHECKING:
    from ml_server.training.evaluate import Report
    from ml_server.training.metrics import Score

GOLD = "gold"

app = typer.Typer(name="evaluate", no_args_is_help=True, help="Measure the models on annotated documents.")
app.command(epilog=cli_evaluate_ocr.EPILOG)(cli_evaluate_ocr.ocr)


@app.command(
    epilog="Examples:\n\n  ml-server evaluate kie forms --confusion confusion.png\n\n"
    "  ml-server evaluate kie forms --ocr auto --lang korean+english --json | jq .pairs.f1",
)
def kie(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            exists=True,
            help="Forms: annotations/ and images/ as FUNSD has them, or jsonl.",
        ),
    ],
    ocr: Annotated[
        str, typer.Option(help="Words of the pairs: gold takes the annotations'; auto or an engine reads the images.")
    ] = GOLD,
    lang: Annotated[str, typer.Option("--lang", "-l", help="What the engine reads.")] = "korean+english",
    model: Annotated[
        str | None,
        typer.Option(
            "--model", "-m", help="A folder, BentoML tag or hub name.", show_default="ML_SERVER_KEY_VALUE_MODEL or ours"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
    confusion: Annotated[
        Path | None, typer.Option(help="Draw which labels are taken for which into this PNG.", dir_okay=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N forms.")] = None,
) -> None:
    """Entities, links and key–value pairs against annotations: precision, recall and F1.

    Entities (ser) and links (re_gold) are always measured on the annotations' words and entities, so that reading is
    not to blame for them; pairs on the words that --ocr names.
    """
    from ml_server import logs

    settings = settings_from(engine=None if ocr == GOLD else ocr, lang=lang, preload="", key_value_model=model)
    logs.configure("WARNING", "console")
    with measuring():
        report = _evaluate(folder, settings, ocr=ocr, limit=limit)
        if confusion is not None:
            _draw(report, confusion)
    if as_json:
        sys.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False) + "\n")
    else:
        _show(report)


def _evaluate(folder: Path, settings: Settings, *, ocr: str, limit: int | None) -> Report:
    from ml_server.training.evaluate import evaluate_gold, evaluate_read
    from ml_server.training.forms import read_forms

    forms = read_forms(folder)[:limit]
    config = ExtractorConfig(
        model=settings.key_value_model,
        device=settings.device,
        threads=settings.threads or usable_cores(),
        allow_noncommercial=settings.allow_noncommercial,
    )
    if ocr == GOLD:
        extractor = ExtractorFactory.create(settings.key_value_extractor, config)
        with progress("label, link, extract", 3 * len(forms)) as advance:
            return evaluate_gold(forms, extractor, settings.lang, advance)
    from ml_server.training.read_images import run

    with progress("read", len(forms)) as advance:
        pages = run(forms, settings, advance)
    extractor = ExtractorFactory.create(settings.key_value_extractor, config)
    with progress("label, link, extract", 3 * len(forms)) as advance:
        return evaluate_read(forms, pages, extractor, advance)


def _draw(report: Report, path: Path) -> None:
    from ml_server.training.confusion import draw

    draw(report.ser, path)
    sys.stderr.write(f"ml-server: drew {path}\n")


def _show(report: Report) -> None:
    console = Console()
    title = f"{report.pages} pages, words: {report.ocr}, model: {report.model}, {report.seconds:.1f} s"
    table = Table(title=Text(title), caption="ratios in percent")
    for column in ("", "precision", "recall", "F1", "of"):
        table.add_column(column, justify="right" if column else "left", no_wrap=True)
    for label, score in report.ser.labels.items():
        _row(table, f"  {label}", score)
    _row(table, "entities (SER, gold words)", report.ser.micro, bold=True)
    table.add_section()
    _row(table, "links QUESTION→ANSWER (RE, gold entities)", report.re_gold, bold=True)
    _row(table, "links HEADER→QUESTION", report.header_question)
    table.add_section()
    if report.ocr_words is not None:
        _row(table, "words as read", report.ocr_words)
    _row(table, f"key–value pairs, end to end ({report.ocr} words)", report.pairs, bold=True)
    console.print(table)
    console.print(_confusion(report.ser.confusion.tolist(), report.ser.word_accuracy))


def _row(table: Table, name: str, score: Score, *, bold: bool = False) -> None:
    ratios = (f"{100 * value:.1f}" for value in (score.precision, score.recall, score.f1))
    table.add_row(name, *ratios, str(score.support), style="bold" if bold else None)


def _confusion(counts: list[list[int]], accuracy: float) -> Table:
    from ml_server.training.forms import LABELS

    table = Table(title=f"words by label: {accuracy:.1%} right", caption="rows are gold, columns predicted")
    table.add_column("")
    for label in LABELS:
        table.add_column(label.lower(), justify="right")
    for label, row in zip(LABELS, counts, strict=True):
        table.add_row(label.lower(), *map(str, row))
    return table
