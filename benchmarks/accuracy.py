"""Word F1 without order, through the server, on documents with ground truth.

A word is a run of letters and digits, compared without case (``\\w+`` after NFKC), because FUNSD and SROIE join and
part punctuation in their own ways. The score is taken over all pages of a set together.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated, Any

import typer

from benchmarks.callers import HttpCaller
from benchmarks.command import Limit, conclude, say
from benchmarks.corpus import data_folder
from benchmarks.load import closed
from benchmarks.results import Measurement
from benchmarks.serving import ours
from benchmarks.summary import Answer
from ml_server.training.ocr_metrics import score_words
from ml_server.training.ocr_truth import read_truth

SETS = (
    ("forms", "english", "funsd_train"),  # FUNSD: scanned forms
    ("receipts", "english", "sroie"),  # SROIE: scanned receipts
    ("korean", "korean", "korean_pages"),  # rendered pages of guides
)


def command(
    context: typer.Context,
    pages: Annotated[int, typer.Option(min=1, help="Pages of each set.")] = 12,
    engine: Annotated[str, typer.Option(help="auto, or an engine's name.")] = "auto",
    limit_s: Limit = 3600.0,
) -> None:
    """Word F1 of forms, receipts and Korean pages through the server; needs ML_SERVER_TEST_DATA."""
    if not data_folder().is_dir():
        raise typer.BadParameter("no documents with ground truth: point ML_SERVER_TEST_DATA at them")
    conclude(context, measure(pages, engine), limit_s)


async def measure(pages: int, engine: str) -> Measurement:
    """See :func:`command`."""
    rows = list[dict[str, Any]]()
    async with AsyncExitStack() as stack:
        say(f"starting ml_server with {engine}")
        server = stack.enter_context(ours(engine, {}, "korean"))
        for name, language, folder in SETS:
            caller = HttpCaller(server.http, form={"language": language, "engine": engine})
            stack.push_async_callback(caller.close)
            chosen, texts = read_truth(data_folder() / folder)[:pages], dict[int, str]()

            async def send(number: int, caller: HttpCaller = caller) -> Answer:
                answer = await caller.read(chosen[number].image.read_bytes())  # noqa: B023 - used before it changes
                texts[number] = answer.text  # noqa: B023
                return answer

            run = await closed(send, 4, requests=len(chosen))
            score = score_words((" ".join(page.words), texts.get(i, "")) for i, page in enumerate(chosen))
            rows.append({"what": name, "pages": len(chosen), "codes": run.codes, "word_f1": round(score.f1, 4)})
    return Measurement("accuracy", {"engine": engine, "pages": pages}, rows)
