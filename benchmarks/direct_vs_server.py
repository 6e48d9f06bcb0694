"""How much does the server cost? The same pages by a plain loop over the engine, and through HTTP at concurrency 4.

The loop decodes and reads one page after the other in this process, with all cores given to the engine. The two take
turns, round by round, so that whatever else the machine does hits both; the result is the ratio of their totals.

    python benchmarks/direct_vs_server.py --engine paddle --lang english --pages 8 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor

from corpus import pages
from serving import serving

from ml_server import languages
from ml_server.decode import DecodeLimits, decode_pages
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.factory import OCREngineFactory
from ml_server.settings import Settings, usable_cores

CONCURRENCY = 4


def main() -> None:
    """Run and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", default="tesseract")
    parser.add_argument("--lang", default="korean")
    parser.add_argument("--pages", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    wanted = languages.parse(given.lang)
    files = pages("korean" if given.lang.startswith("ko") else "english", given.pages)
    engine = OCREngineFactory.create(given.engine, EngineConfig(wanted, threads=usable_cores()))
    limits = DecodeLimits.from_settings(Settings())

    def direct() -> float:
        began = time.perf_counter()
        for file in files:
            engine.read(decode_pages(file, 0, 1, limits), ReadOptions(wanted))
        return time.perf_counter() - began

    with serving(given.engine, given.lang) as client:

        def post(file: bytes) -> None:
            form = {"language": given.lang, "engine": given.engine}
            client.post("/extract_text", files={"image": file}, data=form).raise_for_status()

        def served() -> float:
            began = time.perf_counter()
            with ThreadPoolExecutor(CONCURRENCY) as threads:
                list(threads.map(post, files))
            return time.perf_counter() - began

        direct()
        served()
        rounds = [(direct(), served()) for _ in range(given.rounds)]
    total_direct, total_served = (sum(times) for times in zip(*rounds, strict=True))
    count = given.pages * given.rounds
    result = {
        "benchmark": "direct_vs_server",
        "engine": given.engine,
        "lang": given.lang,
        "pages": count,
        "cores": usable_cores(),
        "direct_pages_per_s": round(count / total_direct, 3),
        "server_pages_per_s": round(count / total_served, 3),
        "server_over_direct": round(total_direct / total_served, 3),
        "date": time.strftime("%Y-%m-%d"),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
