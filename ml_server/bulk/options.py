"""What to read out of every document of a bulk run, and what to write of it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ml_server.models.serving import SHIPPED, ServingFile
from ml_server.settings import Settings

FORMAT = 1
"""Changes with the files that are written for a document, so that older ones are written again."""

SMALL_PIXELS = 1_200_000
"""Pages of at most so many pixels are small."""

_DECISIVE = (
    "pdf_dpi", "detection_side", "layout", "key_value_extractor", "key_value_model",
    "vlm_model", "vlm_family", "vlm_prompt", "vlm_max_pixels", "vlm_max_tokens",
)  # fmt: skip
"""Settings that decide what is read."""


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """Picklable; the same for all documents of a run.

    Attributes:
        language: as people write it.
        engine: ``auto`` or an engine's name.
        confidence_threshold: lines below it are left out, 0..1.
        use_angle_cls: also read pages and lines that are turned.
        key_values: find keys and values, too: ``pageN.key_values.json``.
        text: write ``pageN.txt``.
        markdown: write ``pageN.md``.
        images: write ``pageN.jpg``, the page with what was read on it.
        max_pixels: larger pages are read scaled down to it; 0 for as they are.
        enlarge_below: pages of at most so many pixels are read enlarged; 0 for none.
        retries: attempts after the first for a page, and for a file in the storage, where another one may help.
    """

    language: str
    engine: str
    confidence_threshold: float = 0.5
    use_angle_cls: bool = True
    key_values: bool = False
    text: bool = False
    markdown: bool = False
    images: bool = False
    max_pixels: int = 0
    enlarge_below: int = 0
    retries: int = 3

    def fingerprints(self, settings: Settings) -> tuple[str, ...]:
        """What changes with everything that decides what is read on a page; 16 hexadecimal digits each.

        The first one is written into records. Results with another one are as good: they have the same, or lack only
        what can be made of their pages' JSON, which is ``pageN.txt``.

        Args:
            settings: of the pipeline; some decide how pages are read.

        Raises:
            MLServerError: what says which key–value model serves is damaged.
        """
        both = (self, replace(self, text=not self.text))
        return tuple(options._fingerprint(settings) for options in both)

    def _fingerprint(self, settings: Settings) -> str:
        wanted = asdict(self)
        del wanted["retries"]
        wanted |= {name: str(getattr(settings, name)) for name in _DECISIVE} | {"format": FORMAT}
        wanted |= {name: value for name, value in self._weights(settings).items() if value}
        return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]

    def _weights(self, settings: Settings) -> dict[str, str]:
        """Who reads, as far as that is not plain from :data:`_DECISIVE`; empty texts for what everybody has."""
        found = {"model_dir": "" if settings.model_dir is None else _contents(settings.model_dir)}
        if self.engine in {"auto", "paddle"} and settings.paddle_backend != "auto":
            found["paddle_backend"] = settings.paddle_backend
        if self.engine == "vlm" and not settings.vlm_model:  # whatever is served there
            found["vlm_url"] = settings.vlm_url
        if self.key_values and settings.key_value_model:
            found["key_value_weights"] = _contents(Path(settings.key_value_model))
        elif self.key_values:
            version = ServingFile.of(settings).read().version
            found["key_value_version"] = "" if version == SHIPPED else version
        return found


@dataclass(frozen=True, slots=True)
class BulkDocument:
    """One file to read. Picklable.

    Attributes:
        url: its path, or ``s3://…``.
        folder: of its results, below the run's output; ``/`` between parts, none at the ends.
        size: bytes.
        version: changes with the file: its ETag, or its time of modification.
    """

    url: str
    folder: str
    size: int
    version: str


def _contents(folder: Path) -> str:
    """Names, sizes and times of what is in a folder and below it; empty where there is none, or nothing in it."""
    found = []
    for parent, folders, names in os.walk(folder.expanduser()):
        folders.sort()
        for name in sorted(names):
            path = Path(parent, name)
            if path.is_file():
                stat = path.stat()
                found.append((path.relative_to(folder.expanduser()).as_posix(), stat.st_size, stat.st_mtime_ns))
    return hashlib.sha256(json.dumps(found).encode()).hexdigest() if found else ""
