"""``ml-server label-studio backend``: the ML backend alone."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from ml_server import cli_label_studio_shared as shared
from ml_server.cli_settings import EXIT_FAILED, EXIT_USAGE, fail, settings_from


def backend(
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="HTTP port.", show_default="9090")] = None,
    url: shared.Url = None,
    predict: Annotated[
        str | None,
        typer.Option(help="ocr, key_values, both, or auto: what the labelling config asks for.", show_default="auto"),
    ] = None,
    lang: Annotated[
        str | None, typer.Option("--lang", "-l", help="Language of the documents.", show_default="korean")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", "-e", help="Engine that reads.", show_default="auto")
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(min=1, help="Processes per engine.", show_default="what fits the cores")
    ] = None,
) -> None:
    """Serve Label Studio as its ML backend, on a port of its own.

    [bold]ml-server serve[/bold] has the same routes under /label-studio; this is for a machine that does nothing else.
    In Label Studio, add it under Settings, Model, with this machine's address and port.
    """
    settings = settings_from(engine=engine, lang=lang, replicas=replicas)
    label_studio = shared.label_studio_settings(url=url, port=port, predict=predict)

    from ml_server.errors import EngineFailed
    from ml_server.label_studio.server import serve_forever

    try:
        asyncio.run(serve_forever(settings, label_studio))
    except ValueError as error:
        fail(str(error), EXIT_USAGE)
    except (OSError, EngineFailed) as error:
        fail(str(error), EXIT_FAILED)
