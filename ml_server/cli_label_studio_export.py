"""``ml-server label-studio export``: annotations as documents to train on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ml_server import cli_label_studio_shared as shared
from ml_server.cli_settings import EXIT_FAILED, EXIT_USAGE, fail, settings_from
from ml_server.errors import InvalidRequest
from ml_server.label_studio.which import Which

if TYPE_CHECKING:
    from ml_server.label_studio.api import LabelStudio
    from ml_server.label_studio.config import LabelConfig
    from ml_server.label_studio.export import ExportPlan, ExportReport
    from ml_server.label_studio.patience import Patience
    from ml_server.label_studio.settings import LabelStudioSettings


def export(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write to; one of an earlier export goes on.")],
    project: shared.Project,
    url: shared.Url = None,
    which: Annotated[
        Which, typer.Option(help="Of several annotations: best is the ground truth if there is one, else the newest.")
    ] = Which.best,
    label: Annotated[
        list[str] | None,
        typer.Option(help="What a label of the project means: 품명=QUESTION; repeat for more.", show_default=False),
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Pictures fetched at a time.")] = 4,
    attempts: Annotated[int, typer.Option(min=1, max=20, help="For each call, with growing pauses.")] = 3,
    wait_for_label_studio: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="How long it may be down before the export gives up.")
    ] = 600,
    as_json: shared.AsJson = False,
) -> None:
    """Write the annotations of a project as FUNSD-format documents that `ml-server train` reads.

    Boxes (turned ones, too), polygons, transcriptions, labels and relations are taken; cancelled annotations are left
    out. What cannot be converted is listed in OUT/not_converted.jsonl with its cause. The same command again fetches
    only what has changed, and takes away what is no longer annotated. Pictures are fetched with your token; where
    Label Studio is down meanwhile, it is waited for.
    """
    meanings = dict(_meaning(each) for each in label or ())
    settings = shared.label_studio_settings(url=url)
    settings_from()
    with shared.bar("documents") as progress:

        async def work() -> tuple[ExportPlan, ExportReport]:
            from ml_server.label_studio.api import LabelStudio
            from ml_server.label_studio.export import ExportPlan
            from ml_server.label_studio.funsd import meanings_of
            from ml_server.label_studio.patience import Patience

            def planned(config: LabelConfig) -> ExportPlan:
                return ExportPlan(project, out, config, meanings_of(config.labels) | meanings, which, concurrency)

            async with LabelStudio(settings) as api:
                patience = Patience(api, attempts, wait_for_label_studio, _say)
                return await _export(settings, api, patience, planned, project, progress)

        plan, report = shared.finish(work())
    if as_json:
        typer.echo(json.dumps({"project": project, "out": str(out), **asdict(report)}, ensure_ascii=False))
    else:
        typer.echo(
            f"{report.written} written, {report.unchanged} unchanged, {report.removed} taken away, {report.failed} "
            f"failed, {report.left_out} left out",
            err=True,
        )
        if report.not_converted:
            from ml_server.label_studio.export import NOT_CONVERTED

            typer.echo(f"{report.not_converted} thing(s) not converted, see {plan.out / NOT_CONVERTED}", err=True)
        typer.echo(str(out))
    if report.failed:
        raise typer.Exit(EXIT_FAILED)


async def _export(
    settings: LabelStudioSettings,
    api: LabelStudio,
    patience: Patience,
    planned: Callable[[LabelConfig], ExportPlan],
    project: int,
    progress: Callable[[int, int], None],
) -> tuple[ExportPlan, ExportReport]:
    from ml_server.label_studio import config as label_config
    from ml_server.label_studio.export import export
    from ml_server.label_studio.images import Images

    images = Images(settings, lambda: api, settings_from().max_image_bytes)
    try:
        answer = await patience(partial(api.get, f"/api/projects/{project}/"))
        found = label_config.parse(str(answer["label_config"]))

        async def fetch(task: Mapping[str, Any], page: int) -> bytes:
            addresses = found.addresses(task["data"])
            if page >= len(addresses):
                raise InvalidRequest(f"there is no page {page + 1} among {len(addresses)}")
            return await images.fetch(addresses[page], int(task["id"]))

        plan = planned(found)
        return plan, await export(api, fetch, plan, patience, progress)
    finally:
        await images.close()


def _say(line: str) -> None:
    typer.echo(f"ml-server: {line}", err=True)


def _meaning(given: str) -> tuple[str, str]:
    name, found, meaning = given.rpartition("=")
    if not found or not name.strip() or meaning.strip().lower() not in ("header", "question", "answer", "other"):
        fail(f"--label {given!r}: it is like 품명=QUESTION, with HEADER, QUESTION, ANSWER or OTHER", EXIT_USAGE)
    return name.strip().upper(), meaning.strip().lower()
