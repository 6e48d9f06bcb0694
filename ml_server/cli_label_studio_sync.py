"""``ml-server label-studio sync``: bring in what has come to a cloud storage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ml_server import cli_label_studio_shared as shared
from ml_server.cli_settings import EXIT_FAILED

if TYPE_CHECKING:
    from ml_server.label_studio.sync import SyncResult

EXIT_SKIPPED = 4


def sync(
    storage: Annotated[str, typer.Option("--storage", "-s", help="Title of the storage, as Label Studio shows it.")],
    project: Annotated[
        int | None, typer.Option("--project", "-p", min=1, help="Look in this project only.", show_default="all")
    ] = None,
    url: shared.Url = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until the sync is over; of one that runs already, too.")
    ] = False,
    wait_timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait at most.")] = 3600,
    target: Annotated[bool, typer.Option("--target", help="A storage that annotations go out to.")] = False,
    as_json: shared.AsJson = False,
) -> None:
    """Sync a cloud storage (S3, GCS, Azure, Redis, local files) that is known by its title.

    Nothing is started while a sync of it runs. Exit codes: 0 started, or with --wait completed; 1 failed, or not over
    in time; 2 there is no such storage, or Label Studio cannot reach it; 4 skipped, because a sync runs.
    """
    settings = shared.label_studio_settings(url=url)

    async def work() -> SyncResult:
        from ml_server.label_studio import sync
        from ml_server.label_studio.api import LabelStudio

        async with LabelStudio(settings) as api:
            found = await sync.find(api, storage, project, target=target)
            return await sync.sync(api, found, wait_s=wait_timeout if wait else 0.0)

    result = shared.finish(work())
    if as_json:
        found = {"storage": storage, "project": result.storage.project, "type": result.storage.type}
        told = {"status": result.status, "count": result.count, "skipped": result.skipped, "message": result.message}
        typer.echo(json.dumps(found | told, ensure_ascii=False))
    else:
        count = f", {result.count} item(s)" if result.count is not None else ""
        why = f": {result.message}" if result.message else ""
        running = " (a sync was running already)" if result.skipped else ""
        typer.echo(f"{storage}: {result.status}{count}{running}{why}", err=result.failed)
    if result.failed:
        raise typer.Exit(EXIT_FAILED)
    if result.skipped and not wait:
        raise typer.Exit(EXIT_SKIPPED)
