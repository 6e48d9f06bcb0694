"""The libraries' log lines, in our format: BentoML, uvicorn and circus set up handlers of their own."""

from __future__ import annotations

import logging

from ml_server import logs
from ml_server.settings import Settings

_WITH_HANDLERS = ("bentoml", "uvicorn", "uvicorn.error", "uvicorn.access", "circus")
# Our access log and BentoML say the same; httpx would write whole addresses, whose queries may be signatures.
_CHATTY = ("uvicorn", "uvicorn.error", "uvicorn.access", "circus", "httpx")


def configure(settings: Settings) -> None:
    """Set up logging of this process, and send everything the libraries log, warnings too, the same way."""
    logs.configure(settings.log_level, settings.log_format)
    for name in _WITH_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("python_multipart").setLevel(logging.ERROR)  # warns of each malformed form; callers are told
    logging.captureWarnings(True)
