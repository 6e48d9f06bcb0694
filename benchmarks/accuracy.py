"""Word F1 without order, through the server with ``engine=auto``, on documents with ground truth.

A word is a run of letters and digits, compared without case (``\\w+``), because FUNSD and SROIE join and part
punctuation in their own ways. The score is taken over all pages of a set together.

    python benchmarks/accuracy.py --pages 12
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from corpus import data_folder
from serving import serving


def forms(data: Path) -> list[tuple[Path, str]]:
    """FUNSD: scanned English forms."""
    found = []
    for path in sorted((data / "funsd_train" / "annotations").glob("*.json")):
        entities = json.loads(path.read_text())["form"]
        text = " ".join(word["text"] for entity in entities for word in entity["words"])
        found.append((data / "funsd_train" / "images" / f"{path.stem}.png", text))
    return found


def receipts(data: Path) -> list[tuple[Path, str]]:
    """SROIE: scanned English receipts."""
    found = []
    for path in sorted((data / "sroie" / "box").glob("*.csv")):
        rows = [line.split(",", 8) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
        found.append((data / "sroie" / "img" / f"{path.stem}.jpg", " ".join(row[8] for row in rows if len(row) == 9)))
    return found


def korean(data: Path) -> list[tuple[Path, str]]:
    """Rendered pages of Korean guides."""
    return [
        (path.with_suffix(".png"), " ".join(word["text"] for word in json.loads(path.read_text())["words"]))
        for path in sorted((data / "korean_pages").glob("*.json"))
    ]


def words(text: str) -> Counter[str]:
    """Words of a text, without case."""
    return Counter(re.findall(r"\w+", text.lower()))


def main() -> None:
    """Run and print one JSON line a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20, help="pages of each set")
    parser.add_argument("--engine", default="auto")
    given = parser.parse_args()
    data = data_folder()
    with serving(given.engine, "korean") as client:
        for name, language, documents in (
            ("forms", "english", forms(data)),
            ("receipts", "english", receipts(data)),
            ("korean", "korean", korean(data)),
        ):
            chosen = documents[: given.pages]

            def read(document: tuple[Path, str], language: str = language) -> dict[str, str]:
                form = {"language": language, "engine": given.engine}
                answer = client.post("/extract_text", files={"image": document[0].read_bytes()}, data=form)
                found: dict[str, str] = answer.raise_for_status().json()
                return found

            with ThreadPoolExecutor(4) as threads:
                pages = list(threads.map(read, chosen))
            common = total = 0
            for page, (_, truth) in zip(pages, chosen, strict=True):
                found, wanted = words(page["text"]), words(truth)
                common += (found & wanted).total()
                total += found.total() + wanted.total()
            result = {
                "benchmark": "accuracy",
                "set": name,
                "engine": pages[0]["engine"],
                "pages": len(pages),
                "word_f1": round(2 * common / total, 4),
                "date": time.strftime("%Y-%m-%d"),
            }
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
