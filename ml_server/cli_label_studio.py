"""``ml-server label-studio …``: everything between this server and a Label Studio."""

from __future__ import annotations

import typer

from ml_server import (
    cli_label_studio_backend,
    cli_label_studio_export,
    cli_label_studio_predict,
    cli_label_studio_sync,
)

app = typer.Typer(
    name="label-studio",
    no_args_is_help=True,
    rich_markup_mode="rich",
    help="Predict for a Label Studio, and learn from what its annotators correct.",
    epilog="Label Studio is found by LABEL_STUDIO_URL and LABEL_STUDIO_API_KEY (or ML_SERVER_LABEL_STUDIO_URL, …).",
)

app.command(
    epilog="Examples:\n\n  LABEL_STUDIO_API_KEY=… ml-server label-studio backend --url http://studio:8080\n\n"
    "  curl localhost:9090/health",
)(cli_label_studio_backend.backend)
app.command(
    no_args_is_help=True,
    epilog="Examples:\n\n  ml-server label-studio predict -p 1 --lang korean+english\n\n"
    "  ml-server label-studio predict -p 1 --watch 30s --server grpc://gpu-box:50051",
)(cli_label_studio_predict.predict)
app.command(
    no_args_is_help=True,
    epilog="Example:\n\n  ml-server label-studio sync --storage scans --wait && ml-server label-studio predict -p 1",
)(cli_label_studio_sync.sync)
app.command(
    no_args_is_help=True,
    epilog="Example:\n\n  ml-server label-studio export -p 1 corrected && ml-server train corrected -o my-model",
)(cli_label_studio_export.export)
