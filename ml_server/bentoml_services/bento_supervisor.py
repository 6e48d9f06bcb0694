"""What ``ml-server serve`` becomes: BentoML's, with the service imported beforehand, see :mod:`.import_path`."""

from __future__ import annotations

import importlib

WORKER = "ml_server.bentoml_services.bento_worker"


def main() -> None:
    """Run it."""
    from _bentoml_impl.server import serving  # type: ignore[import-untyped]
    from bentoml_cli.cli import cli

    importlib.import_module("ml_server.bentoml_services.service")
    serving._SERVICE_WORKER_SCRIPT = WORKER
    cli(prog_name="bentoml")


if __name__ == "__main__":
    main()
