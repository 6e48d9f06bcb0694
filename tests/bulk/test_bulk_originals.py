"""Documents as they are got from where they are: nothing too large, and nothing that never ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ml_server.bulk.options import BulkDocument
from ml_server.bulk.originals import Originals
from ml_server.decode_limits import DecodeLimits
from ml_server.errors import InvalidRequest, PayloadTooLarge
from ml_server.settings import Settings

LIMITS = DecodeLimits.from_settings(Settings(max_image_bytes=2000, max_document_bytes=5000))


def document(path: Path) -> BulkDocument:
    return BulkDocument(str(path), "a", 0, "1")


@pytest.mark.parametrize(("magic", "most"), [(b"II*\0", 5000), (b"%PDF-1.7", 5000), (b"\x89PNG\r\n\x1a\n", 2000)])
async def test_a_file_is_not_loaded_that_is_too_large(tmp_path: Path, magic: bytes, most: int) -> None:
    path = tmp_path / "a"
    path.write_bytes(magic)
    os.truncate(path, most)
    assert len(await Originals(0, LIMITS).fetch(document(path))) == most
    os.truncate(path, 2**40)  # more than any memory has; no disk either: it is a hole
    with pytest.raises(PayloadTooLarge, match=f"{2**40} bytes, {most} allowed"):
        await Originals(0, LIMITS).fetch(document(path))


async def test_a_pipe_is_no_document(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(InvalidRequest, match="pipe"):
        await Originals(3).fetch(document(tmp_path / "a.png"))
    with pytest.raises(InvalidRequest, match="Is a directory"):
        await Originals(3).fetch(document(tmp_path))
