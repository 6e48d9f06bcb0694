"""The server's process: BentoML's, with the service imported beforehand, see :mod:`.import_path`.

The module imports nothing, as engines and decoders import it again: see :mod:`ml_server.__main__`.
"""

from __future__ import annotations


def main() -> None:
    """Run it."""
    import importlib

    importlib.import_module("ml_server.bentoml_services.service")
    from _bentoml_impl.worker import service  # type: ignore[import-untyped]

    service.main()


if __name__ == "__main__":
    main()
