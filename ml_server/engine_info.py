"""What is known about an engine: the noun of ``ml-server engines``, ``/engines`` and ``ListEngines``. No behaviour."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What is known about one engine on this machine without loading it.

    Attributes:
        name: as callers ask for it.
        available: whether its packages and at least one language's weights are here.
        reason: why it is not available; empty where it is.
        install: the command that would make it available; empty where it is.
        languages: canonical names it can read here.
        weights: where its weights come from, for people.
        license: SPDX expression of code and weights.
        version: of the engine's package; empty where it is not installed.
        loaded: how many replicas of it are running in this server.
        default: whether ``auto`` picks it for the server's default language.
        kind: ``ocr`` for what reads pages, ``key_values`` for what finds keys and values in what was read; only the
            first can be asked for as ``engine``.
    """

    name: str
    available: bool
    reason: str = ""
    install: str = ""
    languages: tuple[str, ...] = ()
    weights: str = ""
    license: str = ""
    version: str = ""
    loaded: int = 0
    default: bool = False
    kind: str = "ocr"
