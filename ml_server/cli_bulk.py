"""``ml-server bulk``: its options; :mod:`ml_server.cli_bulk_run` does it, and ``cli_bulk_shown`` tells of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ml_server.cli_settings import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, fail, settings_from

EPILOG = (
    "Examples:\n\n  ml-server bulk scans results\n\n  ml-server bulk 'scans/**/*.pdf' results -l en --markdown -i\n\n"
    "  find . -name '*.tif' -print0 | ml-server bulk - results --index parquet\n\n"
    "  ml-server bulk s3://scans/2026 s3://results/2026 --server grpc://a:50051 --server grpc://b:50051\n\n"
    "  ml-server bulk s3://scans/2026 s3://results/2026 --ray auto\n\n"
    "Run the same command again after it was stopped or killed: what is finished is not read again."
)


class Index(StrEnum):
    """Forms of the index."""

    jsonl = "jsonl"
    parquet = "parquet"
    none = "none"


def bulk(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN", help="Folder, file, 'pattern/**/*.pdf', s3://…, or a list of paths: list.txt, @list or -."
        ),
    ],
    output: Annotated[str, typer.Argument(metavar="OUT", help="Folder or s3://… for the results, as IN is ordered.")],
    engine: Annotated[
        str | None,
        typer.Option("--engine", "-e", help="auto, paddle, tesseract, easyocr, vlm or mock.", show_default="auto"),
    ] = None,
    lang: Annotated[
        str | None,
        typer.Option("--lang", "-l", help="korean, ko, english, en, korean+english, …", show_default="korean"),
    ] = None,
    parallel: Annotated[
        int | None,
        typer.Option(
            "--parallel",
            "-p",
            min=1,
            max=64,
            help="Pages read at a time: engine processes, or calls to each server or to the model server of vlm.",
            show_default="what fits the cores; 4 with --server; ML_SERVER_VLM_CONCURRENCY with vlm",
        ),
    ] = None,
    max_pixels: Annotated[
        int,
        typer.Option(
            "--max-pixels",
            "-m",
            min=0,
            help="Read pages of more pixels than this, width x height as in 8000000, scaled down to it; "
            "0 for as they are.",
        ),
    ] = 0,
    enlarge: Annotated[
        bool | None,
        typer.Option(
            "--enlarge/--no-enlarge",
            help="Read pages of up to 1.2 million pixels enlarged.",
            show_default="where the engine reads them better",
        ),
    ] = None,
    confidence_threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Leave out lines below this confidence.")
    ] = 0.5,
    use_angle_cls: Annotated[
        bool, typer.Option("--angle-cls/--no-angle-cls", help="Also read turned pages and lines.")
    ] = True,
    key_values: Annotated[
        bool, typer.Option("--key-values", "-k", help="Find keys and values, too: pageN.key_values.json.")
    ] = False,
    text: Annotated[bool, typer.Option("--text", help="Write pageN.txt.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write pageN.md.")] = False,
    images: Annotated[
        bool, typer.Option("--images", "-i", help="Write pageN.jpg: the page with what was read drawn on it.")
    ] = False,
    index: Annotated[Index, typer.Option(help="File of all pages for analysis, with their texts.")] = Index.jsonl,
    server: Annotated[
        list[str] | None,
        typer.Option(
            "--server",
            metavar="ADDRESS",
            help="Have running servers read: grpc://HOST:50051, http://HOST:3000; several times, or with commas.",
        ),
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Who signed the servers' certificates, in PEM.")
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="[ADDRESS]",
            help="Read on a Ray cluster: auto, HOST:6379 or ray://HOST:10001; without address on this machine's CPUs.",
        ),
    ] = None,
    server_wait: Annotated[float, typer.Option(min=1, help="Seconds to wait while no server is ready.")] = 300.0,
    retries: Annotated[
        int, typer.Option(min=0, max=20, help="Further attempts for a page, or a file of a bucket.")
    ] = 3,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Also try what failed for good in an earlier run.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what would be read, and what is finished.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary (of --dry-run: the list) as JSON.")] = False,
) -> None:
    """Read many documents: one JSON a page, an index of all pages, and a list of what could not be read.

    A run that was stopped or killed goes on where it was when it is started again.
    """
    from ml_server import cli_bulk_run, logs
    from ml_server.bulk.storage import OutputFailed
    from ml_server.errors import EngineUnavailable, InvalidRequest, MLServerError, UnknownEngine, UnsupportedLanguage

    settings = settings_from(engine=engine, lang=lang, replicas=None if server else parallel)
    logs.configure("ERROR", "console")
    asked = cli_bulk_run.Asked(
        source=source,
        output=output,
        parallel=parallel,
        max_pixels=max_pixels,
        enlarge=enlarge,
        confidence_threshold=confidence_threshold,
        use_angle_cls=use_angle_cls,
        key_values=key_values,
        text=text,
        markdown=markdown,
        images=images,
        index=index.value,
        servers=tuple(one.strip() for each in server or () for one in each.split(",") if one.strip()),
        ca_file=ca_file,
        ray=ray,
        server_wait_s=server_wait,
        retries=retries,
        retry_failed=retry_failed,
        dry_run=dry_run,
        as_json=as_json,
    )
    try:
        good = cli_bulk_run.run(asked, settings)
    except (EngineUnavailable, UnknownEngine, UnsupportedLanguage) as error:
        fail(error.message, EXIT_UNAVAILABLE)
    except InvalidRequest as error:
        fail(error.message, EXIT_USAGE)
    except MLServerError as error:
        fail(error.message, EXIT_FAILED)
    except ValueError as error:
        fail(str(error), EXIT_USAGE)
    except BrokenPipeError:
        raise  # whoever reads the list has seen enough: Typer ends the command quietly
    except (OutputFailed, OSError) as error:
        fail(str(error), EXIT_FAILED)
    if not good:
        raise typer.Exit(EXIT_FAILED)
