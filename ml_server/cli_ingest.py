"""``ml-server ingest``: documents become PNG pages in a folder or a bucket, ready to be annotated."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml_server.cli_settings import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, counted, fail, settings_from

if TYPE_CHECKING:
    from ml_server.bulk.options import BulkDocument
    from ml_server.errors import MLServerError
    from ml_server.ingest.documents import StoredDocument
    from ml_server.ingest.run import IngestOptions
    from ml_server.ingest.stores import Store
    from ml_server.settings import Settings

EPILOG = (
    "Examples:\n\n  ml-server ingest contract.pdf --to pages\n\n"
    "  ml-server ingest scans s3://inbox/2026 --to s3://bucket/preprocessed/ --dpi 300 --no-keep-raw\n\n"
    "  ml-server ingest scans --to pages --tasks tasks.json --files-url http://localhost:3000\n\n"
    "Run the same command again after it was stopped or killed: what is stored is not stored again."
)

_AT_ONCE_MORE = 2
"""Documents in work beyond those that are rendered: they are read and uploaded."""


class By(StrEnum):
    """What a task of the manifest is."""

    page = "page"
    document = "document"


def ingest(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="IN…", help="Files, folders, 'pattern/**/*.pdf', s3://…, or a list: @list, -."),
    ],
    to: Annotated[
        str | None,
        typer.Option("--to", "-t", help="A folder, or s3://bucket/preprocessed/.", show_default="ML_SERVER_DOCUMENTS"),
    ] = None,
    dpi: Annotated[
        int | None, typer.Option(min=36, max=600, help="Resolution of PDF pages.", show_default="200")
    ] = None,
    keep_raw: Annotated[
        bool | None,
        typer.Option("--keep-raw/--no-keep-raw", help="Keep each file as it came, too.", show_default="keep"),
    ] = None,
    tasks: Annotated[
        Path | None, typer.Option(help="Write the pages as tasks that Label Studio imports to this JSON file.")
    ] = None,
    tasks_by: Annotated[By, typer.Option(help="A task is a page ($image) or a document ($pages).")] = By.page,
    files_url: Annotated[
        str | None,
        typer.Option(help="Where a server shows the folder: http://host:3000.", show_default="ML_SERVER_DOCUMENTS_URL"),
    ] = None,
    parallel: Annotated[
        int | None, typer.Option("--parallel", "-p", min=1, max=64, help="Processes that render.", show_default="2")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file and line.")] = False,
) -> None:
    """Store PDFs, TIFFs and images as PNG pages, once, under names made of their content.

    Exit codes: 0 all stored; 1 some could not be, or the store cannot be used; 2 a wrong option; 3 S3 is asked for and
    its package is missing.
    """
    from ml_server import logs
    from ml_server.bulk.pipeline_reader import bulk_settings
    from ml_server.decode_limits import DecodeLimits
    from ml_server.errors import EngineUnavailable, InvalidRequest, MLServerError
    from ml_server.ingest import names
    from ml_server.ingest.run import IngestOptions
    from ml_server.ingest.stores import FolderStore, open_store

    settings = settings_from(
        documents=to, documents_dpi=dpi, documents_keep_raw=keep_raw, documents_url=files_url, decode_workers=parallel
    )
    if not settings.documents:
        fail("say where to: --to FOLDER, --to s3://bucket/preprocessed/, or ML_SERVER_DOCUMENTS", EXIT_USAGE)
    logs.configure("ERROR", "console")
    try:
        store = open_store(names.root_of(settings.documents))
        if tasks is not None and isinstance(store, FolderStore) and not settings.documents_url:
            fail("Label Studio needs to reach the pages of a folder: --files-url http://host:3000", EXIT_USAGE)
        found = _listed(sources, names.root_of(settings.documents))
        if not found:
            typer.echo(f"ml-server: no documents in {', '.join(sources)}", err=True)
        options = IngestOptions(
            dpi=settings.documents_dpi or settings.pdf_dpi,
            keep_raw=settings.documents_keep_raw,
            at_once=settings.decode_workers + _AT_ONCE_MORE,
            limits=DecodeLimits.from_settings(bulk_settings(settings)),
        )
        stored, failed = asyncio.run(_run(found, store, options, settings, as_json=as_json))
        if tasks is not None:
            _write_tasks(tasks, stored, store, settings.documents_url, tasks_by)
    except EngineUnavailable as error:
        fail(error.message, EXIT_UNAVAILABLE)
    except InvalidRequest as error:
        fail(error.message, EXIT_USAGE)
    except MLServerError as error:
        fail(error.message, EXIT_FAILED)
    except KeyboardInterrupt:
        fail("stopped; the same command goes on from here", 130)
    except BrokenPipeError:
        raise  # whoever reads the rows has seen enough: Typer ends the command quietly
    except OSError as error:
        fail(str(error), EXIT_FAILED)
    _tell(stored, failed, store, as_json=as_json)
    if failed:
        raise typer.Exit(EXIT_FAILED)


def _listed(sources: Sequence[str], root: str) -> list[BulkDocument]:
    """What there is to store, each file once; stored pages are left out, and so are copies kept of what they show.

    Copies are documents where they are asked for: by the name of their folder, by their own, or in a list.
    """
    from ml_server.bulk.inputs import Inputs
    from ml_server.bulk.places import real_folder
    from ml_server.ingest import names

    raw = real_folder(f"{root}/{names.RAW}")
    found: dict[str, BulkDocument] = {}
    for source in sources:
        inputs = Inputs(source, f"{root}/{names.PAGES}", lambda _: None)
        copies_too = f"{inputs.root}/".startswith(f"{raw}/") or inputs.root == ""
        for document in inputs:
            folder, _, name = document.url.rpartition("/")
            if copies_too or not names.is_raw_name(name) or real_folder(folder) != raw:
                found.setdefault(document.url, document)
    return list(found.values())


async def _run(
    found: Sequence[BulkDocument], store: Store, options: IngestOptions, settings: Settings, *, as_json: bool
) -> tuple[list[StoredDocument], int]:
    """What was stored, and how many files could not be."""
    from ml_server.bulk.path_text import as_json as json_of
    from ml_server.bulk.path_text import shown
    from ml_server.errors import MLServerError
    from ml_server.ingest.run import ingest as ingest_all
    from ml_server.ingest.run import storing

    pages = failed = 0
    with _progress(len(found)) as (advance, say):

        def told(source: BulkDocument, outcome: StoredDocument | MLServerError) -> None:
            nonlocal pages, failed
            if isinstance(outcome, MLServerError):
                failed += 1
                say(f"ml-server: {shown(source.url)}: {shown(outcome.message)}")
            else:
                pages += len(outcome.pages)
            if as_json:
                body = {"file": source.url, **_body(outcome, store, settings.documents_url)}
                sys.stdout.write(json_of(body) + "\n")
                sys.stdout.flush()
            advance(f"{pages} pages, {failed} failed")

        async with storing(store, settings) as documents:
            return await ingest_all(found, documents, options, told), failed


def _body(outcome: StoredDocument | MLServerError, store: Store, base: str) -> dict[str, Any]:
    """The answer of ``/documents`` for a file, or an error as ``extract --json`` has it."""
    from ml_server.bentoml_services.document_schemas import StoredDocumentBody
    from ml_server.errors import MLServerError
    from ml_server.ingest import names
    from ml_server.ingest.addresses import page_url

    if isinstance(outcome, MLServerError):
        return {"status": "error", "error": {"code": outcome.code, "message": outcome.message}}
    urls = [
        page_url(store, page.name, base) if base else store.address(names.page_path(page.name))
        for page in outcome.pages
    ]
    raw = store.address(outcome.raw) if outcome.raw else None
    return StoredDocumentBody.of(outcome, urls, raw, 0.0).model_dump(exclude={"processing_time_ms"})


def _tell(stored: Sequence[StoredDocument], failed: int, store: Store, *, as_json: bool) -> None:
    """The summary, on standard output unless that is a script's."""
    known = sum(document.known for document in stored)
    pages, uploaded = sum(len(each.pages) for each in stored), sum(each.uploaded for each in stored)
    line = (
        f"{counted(len(stored) - known, 'document')} stored, {known} there before, {failed} failed; "
        f"{counted(pages, 'page')} in {store.address('preprocessed')}, {counted(uploaded, 'file')} uploaded"
    )
    (sys.stderr if as_json else sys.stdout).write(line + "\n")


def _write_tasks(path: Path, stored: Sequence[StoredDocument], store: Store, base: str, by: By) -> None:
    from ml_server.bulk.places import LocalPlace
    from ml_server.ingest.tasks import tasks, tasks_json

    LocalPlace(str(path.absolute().parent)).write(path.name, tasks_json(tasks(stored, store, base, by.value)))


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """A bar on standard error where somebody looks at it, and how to write a line above it."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    said = TextColumn("{task.description}")
    columns = (TextColumn("documents"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), said)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        bar = progress.add_task("", total=total)

        def say(line: str) -> None:
            if console.is_terminal:
                console.print(escape(line), highlight=False, soft_wrap=True)
            else:
                sys.stderr.write(line + "\n")

        yield lambda text: progress.update(bar, advance=1, description=text), say
