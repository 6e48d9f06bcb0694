"""Documents in shared memory: they arrive whole, once for every page, and leave nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
from pathlib import Path

import pytest

from ml_server import shared_files
from ml_server.shared_documents import SharedDocument, share

SMALL, LARGE, HUGE = os.urandom(2**10), os.urandom(2**20), os.urandom(2**23)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(shared_files, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("data", [LARGE, HUGE], ids=["written at once", "written by a thread"])
def test_a_document_arrives_as_its_bytes_and_its_file_goes(folder: Path, data: bytes) -> None:
    document = asyncio.run(share(data))
    assert isinstance(document, SharedDocument)
    packed = pickle.dumps(document)
    assert len(packed) < 1000
    assert [pickle.loads(packed) for _ in range(2)] == [data, data]
    assert len(list(folder.iterdir())) == 1
    del document
    gc.collect()
    assert not list(folder.iterdir())


def test_small_documents_and_those_without_room_are_sent_as_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asyncio.run(share(SMALL)) is SMALL
    monkeypatch.setattr(shared_files, "FOLDER", folder / "none")
    assert asyncio.run(share(LARGE)) is LARGE
