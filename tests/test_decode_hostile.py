"""Damaged and adversarial files in a process like the server's decoders: pages or an error, never a crash."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest
from decode_samples import LIMITS, pdf_page, pdf_with_pages, png
from PIL import Image

from ml_server.decode import decode_pages, limit_memory, probe
from ml_server.errors import MLServerError

HERE = Path(__file__).resolve()
DATA = Path(os.environ.get("ML_SERVER_TEST_DATA") or HERE.parents[1].parent / "shared" / "data")
HOSTILE = DATA / "hostile"
MEGABYTE = 2**20
LONGEST_S = 60.0  # a hang; the server's own limit is Settings.decode_timeout_s


def read(data: bytes) -> str:
    """All pages, one by one as the server does; the name of the error, or of the format."""
    try:
        found = probe(data, LIMITS)
        for index in range(found.pages):
            (page,) = decode_pages(data, index, 1, LIMITS)
            assert page.pixels.shape == (page.height, page.width, 3)
            assert 0 < page.width * page.height <= LIMITS.max_pixels
    except MLServerError as error:
        return type(error).__name__
    return found.format


def memory() -> tuple[int, int]:
    """Resident memory of the process now and at its highest, in bytes."""
    import resource

    status = Path("/proc/self/status")
    if status.is_file():  # getrusage's high-water mark comes with the exec from the test process, whose own may be high
        (highest,) = [int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if "VmHWM" in line]
    else:
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return psutil.Process().memory_info().rss, highest


@pytest.fixture(scope="module")
def decoder() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, get_context("spawn"), limit_memory, (2048 * MEGABYTE,)) as pool:
        yield pool


def test_hostile_files_end_in_pages_or_an_error(decoder: ProcessPoolExecutor) -> None:
    if not HOSTILE.is_dir():
        pytest.skip(f"no hostile files: {HOSTILE} is absent (set ML_SERVER_TEST_DATA)")
    files = sorted(path for path in HOSTILE.rglob("*") if path.is_file())
    assert files
    outcomes = [decoder.submit(read, path.read_bytes()).result(timeout=LONGEST_S) for path in files]
    assert set(outcomes) <= {"PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF", "PDF", "InvalidImage", "PayloadTooLarge"}
    assert {"PDF", "PNG", "InvalidImage", "PayloadTooLarge"} <= set(outcomes)
    assert decoder.submit(memory).result()[1] < 1200 * MEGABYTE


def grey_page_that_just_fits() -> bytes:
    out = io.BytesIO()
    Image.new("L", (8000, 8000)).save(out, "PNG")
    return out.getvalue()


# Made when they are needed: the decoder's process imports this module too.
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "60000 x 60000": (lambda: png(60_000, 60_000, 8, 2, b"\0" * 1000), "PayloadTooLarge"),
    "just fits": (grey_page_that_just_fits, "PNG"),
    "just fits, cut": (lambda: grey_page_that_just_fits()[:30_000], "InvalidImage"),
    "10000 pages": (lambda: pdf_with_pages(kids=10_000, count=10_000), "PayloadTooLarge"),
    "wide as the world": (lambda: pdf_page(b"0 0 1000000000 1000000000"), "PayloadTooLarge"),
    "just fits, PDF": (lambda: pdf_page(b"0 0 2800 2800"), "PDF"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_leave_no_memory_behind(decoder: ProcessPoolExecutor, name: str) -> None:
    make, expected = BOMBS[name]
    data = make()
    assert decoder.submit(read, pdf_page()).result(timeout=LONGEST_S) == "PDF"
    before, _ = decoder.submit(memory).result()
    assert decoder.submit(read, data).result(timeout=LONGEST_S) == expected
    after, highest = decoder.submit(memory).result()
    assert after - before < 100 * MEGABYTE
    assert highest < 1200 * MEGABYTE


@pytest.mark.skipif(sys.platform != "linux", reason="RLIMIT_AS is enforced on Linux")
def test_a_page_beyond_the_memory_of_a_decoder_is_an_error() -> None:
    data = grey_page_that_just_fits()
    with ProcessPoolExecutor(1, get_context("spawn"), limit_memory, (150 * MEGABYTE,)) as pool:
        assert pool.submit(read, data).result(timeout=LONGEST_S) == "PayloadTooLarge"
        assert pool.submit(read, pdf_page()).result(timeout=LONGEST_S) == "PDF"
