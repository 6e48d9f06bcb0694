"""Word F1 without order, through the server with ``engine=auto``, on documents with ground truth.

A word is a run of letters and digits, compared without case (``\\w+`` after NFKC), because FUNSD and SROIE join and
part punctuation in their own ways. The score is taken over all pages of a set together.

    python benchmarks/accuracy.py --pages 12
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor

from corpus import data_folder
from serving import serving

from ml_server.training.ocr_metrics import score_words
from ml_server.training.ocr_truth import TruthPage, read_truth


def main() -> None:
    """Run and print one JSON line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20, help="pages of each set")
    parser.add_argument("--engine", default="auto")
    given = parser.parse_args()
    data = data_folder()
    with serving(given.engine, "korean") as client:
        for name, language, folder in (
            ("forms", "english", "funsd_train"),  # FUNSD: scanned forms
            ("receipts", "english", "sroie"),  # SROIE: scanned receipts
            ("korean", "korean", "korean_pages"),  # rendered pages of guides
        ):
            chosen = read_truth(data / folder)[: given.pages]

            def read(page: TruthPage, language: str = language) -> dict[str, str]:
                form = {"language": language, "engine": given.engine}
                answer = client.post("/extract_text", files={"image": page.image.read_bytes()}, data=form)
                found: dict[str, str] = answer.raise_for_status().json()
                return found

            with ThreadPoolExecutor(4) as threads:
                pages = list(threads.map(read, chosen))
            pairs = [(" ".join(truth.words), page["text"]) for truth, page in zip(chosen, pages, strict=True)]
            result = {
                "benchmark": "accuracy",
                "set": name,
                "engine": pages[0]["engine"],
                "pages": len(pages),
                "word_f1": round(score_words(pairs).f1, 4),
                "date": time.strftime("%Y-%m-%d"),
            }
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
