"""Which model server to ask, and how."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class VLMOptions:
    """Settings of the vision-language engine.

    Attributes:
        url: of a server with the OpenAI-compatible API, as ``http://host:8000`` or ``https://host/v1``; empty for none.
        model: as the server calls it; empty for the only one it serves.
        api_key: sent as ``Authorization: Bearer …``; empty for none.
        ca_file: PEM file: who signed the server's certificate; None for those that the system trusts.
        family: ``auto`` (by the model's name), or a name of :data:`ml_server.engines.vlm.prompts.FAMILIES`.
        prompt: ``auto``, a mode of the family, or a prompt of one's own, which has at least one space.
        concurrency: pages asked for at a time.
        timeout_s: seconds for one page, all tries included.
        wait_s: seconds that a server which is still loading its model is waited for.
        max_pixels: larger pages are sent scaled down to so many pixels; 0 for the model's own limit.
        max_tokens: length of an answer; 0 for as many as the server allows.
        image_format: ``png`` or ``jpeg``.
    """

    url: str = ""
    model: str = ""
    api_key: str = field(default="", repr=False)
    ca_file: Path | None = None
    family: str = "auto"
    prompt: str = "auto"
    concurrency: int = 8
    timeout_s: float = 240.0
    wait_s: float = 600.0
    max_pixels: int = 0
    max_tokens: int = 16384
    image_format: str = "png"
