"""``ml-server models``: the versions of the key–value model, which of them serves, and the trainings that make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ml_server.cli_settings import EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE, fail, settings_from
from ml_server.errors import EngineUnavailable, InvalidRequest, MLServerError
from ml_server.settings import Settings

if TYPE_CHECKING:
    from ml_server.models.store import ModelVersion

app = typer.Typer(
    name="models", no_args_is_help=True, help="Versions of the key–value model: list, compare, promote, roll back."
)
Version = Annotated[str, typer.Argument(metavar="VERSION", help="As 'models list' shows it; latest; shipped.")]
Json = Annotated[bool, typer.Option("--json", help="For scripts.")]

_NOTICE = "servers that run take it over within seconds, without refusing a request"


@app.command("list", epilog="Example:\n\n  ml-server models list --json | jq -r '.serving.version'")
def list_versions(as_json: Json = False) -> None:
    """Show every version: what it was made from, how good it is, and which one serves."""
    from ml_server import cli_models_shown
    from ml_server.models.serving import ServingFile
    from ml_server.models.store import ModelStore

    settings = settings_from()
    with _said():
        versions, serving = ModelStore(settings.model_store).list(), ServingFile.of(settings).read()
    cli_models_shown.versions(versions, serving, settings, as_json=as_json)


@app.command(epilog="Example:\n\n  ml-server models show latest")
def show(version: Version, as_json: Json = False) -> None:
    """Show all that is kept of a version: data, parent, metrics and its card."""
    from ml_server import cli_models_shown
    from ml_server.models.store import ModelStore

    settings = settings_from()
    with _said():
        found = ModelStore(settings.model_store).get(version)
    cli_models_shown.version(found, as_json=as_json)


@app.command(
    epilog="Examples:\n\n  ml-server models promote latest\n\n  ml-server models promote latest --share 10\n\n"
    "  ml-server models promote 20261121-140501-1a2b3c --on my_test_forms"
)
def promote(
    version: Version,
    share: Annotated[
        int | None,
        typer.Option(
            min=0, max=99, help="Percent of the requests it gets; 0: only those that ask for it. Not compared first."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Do not compare it with the version that serves.")] = False,
    on: Annotated[
        Path | None,
        typer.Option(exists=True, help="Annotated documents to compare both on.", show_default="those held out"),
    ] = None,
) -> None:
    """Let a version serve, if it does not lose against the one that serves on documents neither was trained on."""
    from ml_server.models.serving import ServingFile
    from ml_server.models.store import ModelStore

    settings = settings_from()
    with _said():
        found, file = ModelStore(settings.model_store).get(version), ServingFile.of(settings)
        before = file.read()
        if share is not None:
            with file.changing() as now:
                file.write(now.sharing(found.version, share, "by hand"))
            typer.echo(f"{found.version} gets {share} % of the requests, {before.version} the others; {_NOTICE}")
        elif found.version == before.version and not before.shared:
            typer.echo(f"{found.version} serves already")
        else:
            why = "by hand, not compared" if force else _compared(found, before.version, on, settings)
            with file.changing() as now:
                if not force and now.version != before.version:
                    fail(f"{now.version} was promoted meanwhile; compare again", EXIT_FAILED)
                file.write(now.promoted(found.version, why))
            typer.echo(f"{found.version} serves, instead of {before.version} ({why}); {_NOTICE}")
    _warn_bound(settings)


@app.command(epilog="Example:\n\n  ml-server models rollback")
def rollback() -> None:
    """Go back: end a share of the traffic, or else let the version serve again that served before."""
    from ml_server.models.serving import ServingFile

    settings = settings_from()
    with _said():
        file = ServingFile.of(settings)
        with file.changing() as before:
            after = before.rolled_back("rolled back by hand")
            file.write(after)
    ended = f"{before.shared} gets no share any more" if before.shared else f"instead of {before.version}"
    typer.echo(f"{after.version} serves, {ended}; {_NOTICE}")
    _warn_bound(settings)


@app.command(epilog="Example:\n\n  ml-server models add my_model --data 'invoices of 2026'")
def add(
    folder: Annotated[Path, typer.Argument(metavar="DIR", exists=True, file_okay=False, help="As train writes it.")],
    version: Annotated[str, typer.Option(help="Its name.", show_default="the time")] = "",
    parent: Annotated[str, typer.Option(help="The version it was trained from.")] = "",
    data: Annotated[str, typer.Option(help="What it was trained on, for people.")] = "",
) -> None:
    """Put a model's folder into the store as a version. It does not serve before it is promoted."""
    from ml_server.models.store import Facts, ModelStore

    settings = settings_from()
    with _said():
        added = ModelStore(settings.model_store).add(folder, Facts(parent=parent, data=data), version)
    typer.echo(added.version)


@app.command(epilog="Example:\n\n  ml-server models jobs --json | jq '.[-1].state'")
def jobs(as_json: Json = False) -> None:
    """Show the training jobs that servers have started: those that run, wait, failed and are done."""
    from ml_server import cli_models_shown
    from ml_server.models.job_files import JobFiles
    from ml_server.models.serving import state_folder

    cli_models_shown.jobs(JobFiles(state_folder(settings_from()) / "jobs").all(), as_json=as_json)


def _compared(found: ModelVersion, serving: str, on: Path | None, settings: Settings) -> str:
    """Why a version may serve; ends the command where it may not."""
    from ml_server.cli_measure import measuring, progress
    from ml_server.models import promotion
    from ml_server.models.recipe import compare, held_out_file
    from ml_server.training.forms import read_forms

    facts = found.facts
    if on is not None or facts.compared != serving:
        documents = on or held_out_file(settings, facts.held_out)
        if not documents.exists():
            fail(f"{found.version} has no held-out documents here; give some with --on DIR, or --force it", EXIT_FAILED)
        with measuring():
            forms = [form for form in read_forms(documents) if form.entities]
            with progress("compare", 6 * len(forms)) as advance:
                facts = compare(found, forms, settings, advance)
    figures = promotion.compared(found.version, facts.metrics, serving, facts.compared_metrics)
    if promotion.loses(facts.metrics, facts.compared_metrics):
        fail(
            f"not promoted: it loses on {facts.held_out_documents} documents. {figures}. --force promotes it",
            EXIT_FAILED,
        )
    typer.echo(figures, err=True)
    return f"not worse on {facts.held_out_documents} held out"


def _warn_bound(settings: Settings) -> None:
    if settings.key_value_model:
        typer.echo(
            f"ml-server: ML_SERVER_KEY_VALUE_MODEL={settings.key_value_model} is set: servers that have it, too, stay "
            "with that model",
            err=True,
        )


@contextmanager
def _said() -> Iterator[None]:
    """Errors end the command and are said on standard error."""
    import os

    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    try:
        yield
    except InvalidRequest as error:
        fail(error.message, EXIT_USAGE)
    except EngineUnavailable as error:
        fail(error.message, EXIT_UNAVAILABLE)
    except (MLServerError, OSError) as error:
        fail(str(error), EXIT_FAILED)
