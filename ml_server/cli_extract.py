"""``ml-server extract``: the pipeline run inline over files, printed as text, JSON or a picture."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ml_server.document import DocumentRequest, OCRPage, Page
from ml_server.errors import InvalidRequest, MLServerError
from ml_server.key_value import KeyValuePage
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings

if TYPE_CHECKING:
    from PIL import Image


class Unavailable(Exception):
    """The engine, extractor or language asked for cannot run here, or the engine does not start; no file was read."""


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """What to read and how to show it.

    Attributes:
        confidence_threshold: 0..1.
        use_angle_cls: also read turned pages and lines.
        as_json: print one JSON object a file instead of text.
        overlay: where to draw what was read; None for no picture.
        key_values: find entities and key–value pairs instead of showing the text.
    """

    confidence_threshold: float
    use_angle_cls: bool
    as_json: bool
    overlay: Path | None
    key_values: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one file, in the three ways it can be shown; each is made only when it is asked for.

    Attributes:
        body: the JSON of the HTTP answer.
        show: print it for people.
        draw: one for each page of the file: the page's drawing.
        warnings: what is to be known of the reading; the JSON has them itself.
    """

    body: Callable[[], dict[str, Any]]
    show: Callable[[], None]
    draw: Sequence[Callable[[Page], Image.Image]]
    warnings: Sequence[str] = ()


async def extract(files: Sequence[Path], settings: Settings, options: ExtractOptions) -> bool:
    """Read every file; one that fails is reported and the others go on.

    Returns:
        Whether all went well.

    Raises:
        Unavailable: the engine, extractor or language is not available here.
    """
    pipeline = Pipeline(settings, inline=True)
    try:
        try:
            await pipeline.wait_until_ready()
            if options.key_values:
                await pipeline.wait_until_extracting()
        except MLServerError as error:
            raise Unavailable(error.message) from error
        good, drawn = True, set[Path]()
        with _progress(len(files)) as advance:
            for path in files:
                advance(path.name)
                good &= await _one(pipeline, path, options, drawn, several=len(files) > 1)
        return good
    finally:
        await pipeline.close()


async def _one(pipeline: Pipeline, path: Path, options: ExtractOptions, drawn: set[Path], *, several: bool) -> bool:
    try:
        data = await asyncio.to_thread(path.read_bytes)
    except OSError as error:
        return _report(path, InvalidRequest(f"cannot read the file: {error.strerror}"), as_json=options.as_json)
    request = DocumentRequest(
        data=data,
        language=pipeline.settings.lang,
        engine=pipeline.settings.engine,
        confidence_threshold=options.confidence_threshold,
        use_angle_cls=options.use_angle_cls,
    )
    try:
        found = await (_key_values if options.key_values else _text)(pipeline, request)
    except MLServerError as error:
        return _report(path, error, as_json=options.as_json)
    if options.as_json:
        _print_line({"file": str(path), **found.body()})
    else:
        if several:
            sys.stdout.write(f"==> {path} <==\n")
        found.show()
        for warning in found.warnings:
            sys.stderr.write(f"ml-server: {path}: {warning}\n")
    sys.stdout.flush()
    if options.overlay is not None:
        try:
            _draw(options.overlay, path, data, found, pipeline.settings, drawn, several=several)
        except (OSError, ValueError) as error:
            return _report(path, InvalidRequest(f"cannot draw {options.overlay}: {error}"), as_json=False)
    return True


async def _text(pipeline: Pipeline, request: DocumentRequest) -> Found:
    """The text of a document; its JSON is the answer of ``/extract_document``."""
    result = await pipeline.extract_document(request)

    def body() -> dict[str, Any]:
        from ml_server.bentoml_services.schemas import DocumentBody

        return DocumentBody.of(result).model_dump()

    def draw(index: int, page: Page) -> Image.Image:
        from ml_server import overlay

        return overlay.draw(page, result.pages[index])

    drawings = [partial(draw, index) for index in range(len(result.pages))]
    return Found(body, lambda: _write(result.text + "\n"), drawings, _warnings(result.pages))


async def _key_values(pipeline: Pipeline, request: DocumentRequest) -> Found:
    """Keys and values of a document; its JSON is the answer of ``/extract_key_values``."""
    from ml_server import cli_key_values

    began = time.perf_counter()
    found = [page async for page in pipeline.extract_key_values(request)]
    milliseconds = (time.perf_counter() - began) * 1000

    def body() -> dict[str, Any]:
        from ml_server.bentoml_services.key_value_schemas import KeyValuesBody

        return KeyValuesBody.of(found, milliseconds).model_dump()

    def draw(index: int, page: Page) -> Image.Image:
        from ml_server import key_value_overlay

        return key_value_overlay.draw(page, found[index])

    drawings = [partial(draw, index) for index in range(len(found))]
    return Found(body, lambda: cli_key_values.show(found), drawings, _warnings(found))


def _warnings(pages: Sequence[OCRPage | KeyValuePage]) -> list[str]:
    return [f"page {page.number}: {warning}" for page in pages for warning in page.warnings]


def _write(text: str) -> None:
    sys.stdout.write(text)


def _report(path: Path, error: MLServerError, *, as_json: bool) -> bool:
    if as_json:
        fault = {"code": error.code, "message": error.message}
        _print_line({"file": str(path), "status": "error", "error": fault})
    sys.stderr.write(f"ml-server: {path}: {error.message}\n")
    return False


def _print_line(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _draw(
    target: Path, path: Path, data: bytes, found: Found, settings: Settings, drawn: set[Path], *, several: bool
) -> None:
    from ml_server.decode import DecodeLimits, decode_pages

    limits = DecodeLimits.from_settings(settings)
    pages = len(found.draw)
    for index, draw in enumerate(found.draw):
        name = target
        if several or pages > 1:
            parts = [target.stem, *([path.stem] if several else []), *([str(index + 1)] if pages > 1 else [])]
            name = target.with_stem("-".join(parts))
        (page,) = decode_pages(data, index, 1, limits)
        name = _free(name, drawn)
        draw(page).save(name)
        drawn.add(name)
        sys.stderr.write(f"ml-server: drew {name}\n")


def _free(name: Path, drawn: set[Path]) -> Path:
    """The name, or the first with a number that nothing was drawn to: ``a/scan.png`` and ``b/scan.png`` are two."""
    numbered = (name.with_stem(f"{name.stem}_{number}") for number in count(2))
    return next(each for each in chain([name], numbered) if each not in drawn)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[str], None]]:
    """A bar on standard error where there are several files and somebody looks at it."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=total < 2 or not console.is_terminal,
        transient=True,
    ) as progress:
        task = progress.add_task("", total=total)
        started = False

        def advance(name: str) -> None:
            nonlocal started
            progress.update(task, description=name, advance=1 if started else 0)
            started = True

        yield advance
