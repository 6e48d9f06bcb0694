"""What do labels and links cost beside reading? SER+RE by the shipped model : PaddleOCR, on the same page in turns.

The page is the English form with the number of words nearest to ``--words``. Both use all cores, one after the other.
Paddle and torch each have a process of their own, as in the server.

    python -m benchmarks.key_values_vs_ocr --words 300 --rounds 5
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from datetime import date

from benchmarks.corpus import pages
from ml_server.document import DocumentRequest, OCRPage
from ml_server.pipeline import Pipeline
from ml_server.settings import Settings, usable_cores


def main() -> None:
    """Run and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=30, help="forms looked through for one of so many words")
    print(json.dumps(asyncio.run(measure(parser.parse_args()))))


async def measure(given: argparse.Namespace) -> dict[str, object]:
    """Read and extract by turns.

    Returns:
        Medians in seconds and their ratio.
    """
    settings = Settings(engine="paddle", lang="english", preload="", replicas=1, threads=usable_cores())
    pipeline = Pipeline(settings)
    await pipeline.wait_until_ready()
    try:
        found = [
            (await pipeline.extract_page(DocumentRequest(file, "english", "paddle")), file)
            for file in pages("english", given.pages)
        ]
        page, file = min(found, key=lambda item: abs(count_words(item[0]) - given.words))
        async for _ in pipeline.extract_key_values(DocumentRequest(file, "english", "paddle")):
            pass  # warms the extractor
        read, whole = [], []
        for _ in range(given.rounds):
            began = time.perf_counter()
            await pipeline.extract_page(DocumentRequest(file, "english", "paddle"))
            middle = time.perf_counter()
            async for _ in pipeline.extract_key_values(DocumentRequest(file, "english", "paddle")):
                pass
            read.append(middle - began)
            whole.append(time.perf_counter() - middle)
    finally:
        await pipeline.close()
    reading = sorted(read)[len(read) // 2]
    extracting = sorted(whole)[len(whole) // 2] - reading
    return {
        "benchmark": "key_values_vs_ocr",
        "date": date.today().isoformat(),
        "words": count_words(page),
        "cores": usable_cores(),
        "paddle_s": round(reading, 3),
        "ser_re_s": round(extracting, 3),
        "ratio": round(extracting / reading, 3),
    }


def count_words(page: OCRPage) -> int:
    """Words on a page."""
    return sum(len(line.words) for line in page.lines)


if __name__ == "__main__":
    main()
