"""``ml-server extract``: the pipeline run inline over files, printed as text, JSON or a picture."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ml_server.document import DocumentRequest, DocumentResult
from ml_server.errors import InvalidRequest, MLServerError
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings


class Unavailable(Exception):
    """The engine or language asked for cannot run here, or the engine does not start; no file was read."""


@dataclass(frozen=True, slots=True)
class ExtractOptions:
    """What to read and how to show it.

    Attributes:
        confidence_threshold: 0..1.
        use_angle_cls: also read turned pages and lines.
        as_json: print one JSON object a file instead of text.
        overlay: where to draw what was read; None for no picture.
    """

    confidence_threshold: float
    use_angle_cls: bool
    as_json: bool
    overlay: Path | None


async def extract(files: Sequence[Path], settings: Settings, options: ExtractOptions) -> bool:
    """Read every file; one that fails is reported and the others go on.

    Returns:
        Whether all went well.

    Raises:
        Unavailable: the engine or language is not available here.
    """
    pipeline = Pipeline(settings, inline=True)
    try:
        try:
            await pipeline.wait_until_ready()
        except MLServerError as error:
            raise Unavailable(error.message) from error
        good = True
        with _progress(len(files)) as advance:
            for path in files:
                advance(path.name)
                good &= await _one(pipeline, path, options, several=len(files) > 1)
        return good
    finally:
        await pipeline.close()


async def _one(pipeline: Pipeline, path: Path, options: ExtractOptions, *, several: bool) -> bool:
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
        result = await pipeline.extract_document(request)
    except MLServerError as error:
        return _report(path, error, as_json=options.as_json)
    if options.as_json:
        _print_json(path, result)
    else:
        _print_text(path, result, several=several)
    if options.overlay is not None:
        try:
            _draw(options.overlay, path, data, result, pipeline.settings, several=several)
        except (OSError, ValueError) as error:
            return _report(path, InvalidRequest(f"cannot draw {options.overlay}: {error}"), as_json=False)
    return True


def _print_text(path: Path, result: DocumentResult, *, several: bool) -> None:
    if several:
        sys.stdout.write(f"==> {path} <==\n")
    sys.stdout.write(result.text + "\n")
    sys.stdout.flush()


def _print_json(path: Path, result: DocumentResult) -> None:
    """The HTTP answer of ``/extract_document``, with the file's name, on one line."""
    from ml_server.bentoml_services.schemas import DocumentBody

    _print_line({"file": str(path), **DocumentBody.of(result).model_dump()})


def _report(path: Path, error: MLServerError, *, as_json: bool) -> bool:
    if as_json:
        fault = {"code": error.code, "message": error.message}
        _print_line({"file": str(path), "status": "error", "error": fault})
    sys.stderr.write(f"ml-server: {path}: {error.message}\n")
    return False


def _print_line(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _draw(target: Path, path: Path, data: bytes, result: DocumentResult, settings: Settings, *, several: bool) -> None:
    from ml_server.decode import DecodeLimits, decode_pages
    from ml_server.overlay import draw

    limits = DecodeLimits.from_settings(settings)
    for index, found in enumerate(result.pages):
        name = target
        if several or len(result.pages) > 1:
            parts = [
                target.stem,
                *([path.stem] if several else []),
                *([str(index + 1)] if len(result.pages) > 1 else []),
            ]
            name = target.with_stem("-".join(parts))
        (page,) = decode_pages(data, index, 1, limits)
        draw(page, found).save(name)
        sys.stderr.write(f"ml-server: drew {name}\n")


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
