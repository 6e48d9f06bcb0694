"""The command line: ``ml-server serve``, ``grpc``, ``extract``, ``bulk``, ``engines``, ``train`` and others.

Exit codes: 0 all went well; 1 something failed (at least one file, or the server); 2 the command line was wrong;
3 the engine or language asked for is not available here.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from ml_server import (
    __version__,
    cli_bulk,
    cli_bulk_ray,
    cli_evaluate,
    cli_ingest,
    cli_label_studio,
    cli_models,
    cli_train,
)
from ml_server.cli_settings import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, fail, settings_from
from ml_server.settings import Settings

app = typer.Typer(
    name="ml-server",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Read page images and PDFs: as a server over HTTP and gRPC, or right here.",
    epilog="Every option can be set by the environment as ML_SERVER_… (for example ML_SERVER_LANG=english).",
)
app.add_typer(cli_evaluate.app)
app.add_typer(cli_label_studio.app)
app.add_typer(cli_models.app)
app.command(no_args_is_help=True, epilog=cli_bulk.EPILOG, cls=cli_bulk_ray.RayCommand)(cli_bulk.bulk)
app.command(no_args_is_help=True, epilog=cli_ingest.EPILOG)(cli_ingest.ingest)
app.command(no_args_is_help=True, epilog="Example:\n\n  ml-server train forms --out my-model")(cli_train.train)

Engine = Annotated[
    str | None,
    typer.Option("--engine", "-e", help="auto, paddle, tesseract, easyocr, vlm or mock.", show_default="auto"),
]
Lang = Annotated[
    str | None,
    typer.Option("--lang", "-l", help="korean, ko, english, en, korean+english, …", show_default="korean"),
]
Replicas = Annotated[int | None, typer.Option(min=1, help="Processes per engine.", show_default="what fits the cores")]
GrpcPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="gRPC port; 0 takes a free one.", show_default="50051")
]
KeysFile = Annotated[
    Path | None,
    typer.Option("--api-keys-file", help="API keys, one KEY or NAME: KEY a line; read again when it changes."),
]
Cert = Annotated[Path | None, typer.Option("--tls-cert", help="Certificate and chain in PEM; turns TLS on.")]
Key = Annotated[Path | None, typer.Option("--tls-key", help="The certificate's private key in PEM.")]
ClientCa = Annotated[
    Path | None, typer.Option("--tls-client-ca", help="Callers then need a certificate signed by one of these.")
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ml-server {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options before the command."""


@app.command(
    epilog="Examples:\n\n  ml-server serve\n\n  ml-server serve --lang english --replicas 2\n\n"
    "  curl -F image=@page.png localhost:3000/extract_text",
)
def serve(
    http_port: Annotated[int | None, typer.Option(min=1, max=65535, help="HTTP port.", show_default="3000")] = None,
    grpc_port: GrpcPort = None,
    engine: Engine = None,
    lang: Lang = None,
    replicas: Replicas = None,
    api_keys_file: KeysFile = None,
    tls_cert: Cert = None,
    tls_key: Key = None,
    tls_client_ca: ClientCa = None,
    cors_origins: Annotated[
        str | None, typer.Option(help="Whose web pages may call: https://a.example,… or *.", show_default="none")
    ] = None,
) -> None:
    """Serve HTTP and gRPC from one process, with one set of loaded models."""
    from ml_server.bentoml_services import launch

    settings = settings_from(
        http_port=http_port, grpc_port=grpc_port, engine=engine, lang=lang, replicas=replicas,
        api_keys_file=api_keys_file, tls_cert=tls_cert, tls_key=tls_key, tls_client_ca=tls_client_ca,
        cors_origins=cors_origins,
    )  # fmt: skip
    _check_names(settings)
    _check_security(settings)
    try:
        launch.serve(settings)
    except OSError as error:
        fail(str(error), EXIT_FAILED)


@app.command(epilog="Example:\n\n  ml-server grpc --grpc-port 50051 --engine tesseract")
def grpc(
    grpc_port: GrpcPort = None,
    engine: Engine = None,
    lang: Lang = None,
    replicas: Replicas = None,
    api_keys_file: KeysFile = None,
    tls_cert: Cert = None,
    tls_key: Key = None,
    tls_client_ca: ClientCa = None,
) -> None:
    """Serve gRPC alone."""
    from ml_server import logs
    from ml_server.errors import EngineFailed
    from ml_server.grpc_services.server import serve_forever

    settings = settings_from(
        grpc_port=grpc_port, engine=engine, lang=lang, replicas=replicas,
        api_keys_file=api_keys_file, tls_cert=tls_cert, tls_key=tls_key, tls_client_ca=tls_client_ca,
    )  # fmt: skip
    _check_names(settings)
    _check_security(settings)
    logs.configure(settings.log_level, settings.log_format)
    try:
        asyncio.run(serve_forever(settings))
    except (OSError, EngineFailed) as error:
        fail(str(error), EXIT_FAILED)


@app.command(
    epilog="Examples:\n\n  ml-server extract scan.png\n\n  ml-server extract invoice.pdf -l en --json | jq .text\n\n"
    "  ml-server extract scan.jpg --overlay seen.png\n\n"
    "  ml-server extract form.pdf --key-values --overlay understood.png",
)
def extract(
    files: Annotated[
        list[Path], typer.Argument(help="Images (PNG, JPEG, WebP, BMP, GIF, TIFF) and PDFs.", metavar="FILE…")
    ],
    engine: Engine = None,
    lang: Lang = None,
    confidence_threshold: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Leave out lines below this confidence.")
    ] = 0.5,
    use_angle_cls: Annotated[
        bool, typer.Option("--angle-cls/--no-angle-cls", help="Also read turned pages and lines.")
    ] = True,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object per file and line, with boxes and confidences.")
    ] = False,
    key_values: Annotated[
        bool, typer.Option("--key-values", "-k", help="Find questions and their answers; shown as a table.")
    ] = False,
    overlay: Annotated[
        Path | None,
        typer.Option(help="Draw what was read to this PNG; of several files each adds its name, of pages -1, -2, …"),
    ] = None,
) -> None:
    """Read files right here, without a server. Text goes to standard output."""
    from ml_server import cli_extract, logs

    settings = settings_from(engine=engine, lang=lang)
    logs.configure("ERROR", "console")
    options = cli_extract.ExtractOptions(confidence_threshold, use_angle_cls, as_json, overlay, key_values)
    try:
        outcome = asyncio.run(cli_extract.extract(files, settings, options))
    except cli_extract.Unavailable as error:
        fail(str(error), EXIT_UNAVAILABLE)
    if not outcome:
        raise typer.Exit(EXIT_FAILED)


@app.command(epilog="Example:\n\n  ml-server engines --json | jq '.engines[] | select(.available) | .name'")
def engines(
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show which engines can run here, or what is missing, with languages, weights and licences."""
    from ml_server import cli_engines

    cli_engines.show(settings_from(), as_json=as_json)


def _check_names(settings: Settings) -> None:
    """Refuse unknown engines and languages now: a server would start and never become ready."""
    from ml_server import languages
    from ml_server.engines.factory import AUTO, OCREngineFactory
    from ml_server.errors import MLServerError

    try:
        languages.parse(f"{settings.lang}+{settings.preload}")
        languages.parse(settings.lang)
        if settings.engine != AUTO:
            OCREngineFactory.engine_class(settings.engine)
    except MLServerError as error:
        fail(error.message, EXIT_USAGE)


def _check_security(settings: Settings) -> None:
    """Refuse keys and certificates that cannot be used, before anything starts with them."""
    from ml_server.api_keys import ApiKeys
    from ml_server.tls import TLS

    try:
        ApiKeys(settings)
        TLS.of(settings)
    except ValueError as error:
        fail(str(error), EXIT_USAGE)


def main() -> None:
    """Entry point of the console script."""
    app()
