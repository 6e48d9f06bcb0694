"""What to read out of every document of a bulk run, and what to write of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

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

    def fingerprint(self, settings: Settings) -> str:
        """Changes with everything that decides what is written for a document; 16 hexadecimal digits.

        Args:
            settings: of the pipeline; some decide how pages are read.
        """
        wanted = asdict(self)
        del wanted["retries"]
        wanted |= {name: str(getattr(settings, name)) for name in _DECISIVE} | {"format": FORMAT}
        return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()[:16]


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
