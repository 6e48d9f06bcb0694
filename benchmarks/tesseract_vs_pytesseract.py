"""Pages a second: Tesseract as the server's engine holds it, against ``pytesseract.image_to_data`` with its defaults.

Both read the same pages in turn, round by round, on the same languages; the result is a ratio within this run.
pytesseract starts the ``tesseract`` program for every page, which loads its data anew and lets OpenMP take all cores.

    python benchmarks/tesseract_vs_pytesseract.py --lang korean --pages 4 --rounds 2
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
from corpus import pages
from PIL import Image
from serving import serving

CODES = {"korean": "kor+eng", "english": "eng"}


def main() -> None:
    """Run and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lang", choices=CODES, default="korean")
    parser.add_argument("--pages", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    if shutil.which("tesseract") is None:
        raise SystemExit("the program tesseract is not here: apt-get install tesseract-ocr")
    import pytesseract

    files = pages(given.lang, given.pages)

    def with_pytesseract() -> float:
        began = time.perf_counter()
        for file in files:
            pytesseract.image_to_data(Image.open(io.BytesIO(file)), lang=CODES[given.lang])
        return time.perf_counter() - began

    def post(client: httpx.Client, file: bytes) -> None:
        form = {"language": given.lang, "engine": "tesseract"}
        client.post("/extract_text", files={"image": file}, data=form).raise_for_status()

    with serving("tesseract", given.lang) as client:

        def served() -> float:
            began = time.perf_counter()
            with ThreadPoolExecutor(4) as threads:
                list(threads.map(partial(post, client), files))
            return time.perf_counter() - began

        served()
        rounds = [(with_pytesseract(), served()) for _ in range(given.rounds)]
    theirs, ours = (sum(times) for times in zip(*rounds, strict=True))
    count = given.pages * given.rounds
    result = {
        "benchmark": "tesseract_vs_pytesseract",
        "lang": given.lang,
        "pages": count,
        "pytesseract_pages_per_s": round(count / theirs, 3),
        "server_pages_per_s": round(count / ours, 3),
        "server_over_pytesseract": round(theirs / ours, 2),
        "date": time.strftime("%Y-%m-%d"),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
