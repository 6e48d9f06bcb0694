"""The pages that benchmarks read: real ones where they are, else the repository's own samples."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def data_folder() -> Path:
    """Where real documents with ground truth are, if anywhere."""
    return Path(os.environ.get("ML_SERVER_TEST_DATA") or ROOT.parent / "shared" / "data")


def pages(kind: str, count: int) -> list[bytes]:
    """Files to read, ``count`` of them, repeated if there are fewer.

    Args:
        kind: ``english`` (forms) or ``korean`` (printed pages).
        count: how many.
    """
    data = data_folder()
    folder, pattern = {"english": ("funsd_train/images", "*.png"), "korean": ("korean_pages", "*.png")}[kind]
    found = sorted((data / folder).glob(pattern)) or [ROOT / "samples" / f"invoice_{kind}.png"]
    return [found[i % len(found)].read_bytes() for i in range(count)]
