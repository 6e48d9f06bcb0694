"""The pages that benchmarks send: real ones where they are, else the repository's own samples; and made ones."""

from __future__ import annotations

import hashlib
import io
import os
import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.summary import Answer
from ml_server.training.ocr_truth import TruthPage, read_truth

ROOT = Path(__file__).resolve().parents[1]
_A4_AT_200_DPI = (1654, 2339)


@dataclass(frozen=True, slots=True)
class Sample:
    """A page and how to know its text again.

    Attributes:
        data: the file's bytes.
        known: whether a text can be this page's; None where that cannot be told.
    """

    data: bytes
    known: Callable[[str], bool] | None = None

    def judged(self, answer: Answer) -> Answer:
        """An answer to this page, with the verdict whether it is this page's."""
        return replace(answer, right=self.known(answer.text)) if answer.ok and self.known else answer


def data_folder() -> Path:
    """Where real documents with ground truth are, if anywhere."""
    return Path(os.environ.get("ML_SERVER_TEST_DATA") or ROOT.parent / "shared" / "data")


def mixed(count: int) -> list[TruthPage]:
    """English pages with ground truth, forms and receipts by turns, repeated if there are fewer than ``count``."""
    data = data_folder()
    if not data.is_dir():
        found = [page for page in read_truth(ROOT / "samples") if "english" in page.name]
    else:
        forms, receipts = read_truth(data / "funsd_train"), read_truth(data / "sroie")
        receipts = [receipts[i % len(receipts)] for i in range(len(forms))]
        found = [page for page in chain.from_iterable(zip_longest(forms, receipts)) if page]
    return [found[i % len(found)] for i in range(count)]


def samples(engine: str, count: int) -> list[Sample]:
    """Pages to load a server with: numbered ones for the mock engine, real ones for those that read."""
    if engine == "mock":
        return [numbered(number, engine) for number in range(count)]
    return [Sample(page.image.read_bytes()) for page in mixed(count)]


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


def hostile() -> list[Path]:
    """Damaged and adversarial files; none where there is no such folder."""
    return sorted(file for file in (data_folder() / "hostile").rglob("*") if file.is_file())


def numbered(number: int, engine: str) -> Sample:
    """A page that carries its number: printed for engines that read, and in the digest that the mock engine gives."""
    image = Image.new("RGB", (640, 200), "white")
    ImageDraw.Draw(image).text((30, 60), f"PAGE {number:06d}", "black", ImageFont.load_default(72))
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    if engine == "mock":
        digest = hashlib.sha256(image.tobytes()).hexdigest()[:16]
        return Sample(file.getvalue(), lambda text: f"digest: {digest}" in text)
    return Sample(file.getvalue(), lambda text: re.sub(r"\D", "", text.upper().replace("O", "0")) == f"{number:06d}")


@cache
def scan(size: int = 2**20) -> bytes:
    """A scanned A4 page of about ``size`` bytes: a real page at 200 dpi with a scanner's grain, as a JPEG."""
    page = Image.open(io.BytesIO(mixed(1)[0].image.read_bytes())).convert("RGB").resize(_A4_AT_200_DPI)
    shape = (*reversed(_A4_AT_200_DPI), 1)
    grain = np.random.default_rng(0).normal(0.0, 6.0, shape)
    noisy = Image.fromarray(np.clip(np.asarray(page) + grain, 0, 255).astype(np.uint8))
    quality = bisect_left(range(1, 100), size, key=lambda quality: len(_jpeg(noisy, quality)))
    return _jpeg(noisy, min(quality + 1, 99))


def pdf(images: list[bytes]) -> bytes:
    """A document of these pages."""
    first, *rest = [Image.open(io.BytesIO(data)).convert("RGB") for data in images]
    file = io.BytesIO()
    first.save(file, "PDF", save_all=True, append_images=rest, resolution=200.0)
    return file.getvalue()


def _jpeg(image: Image.Image, quality: int) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
