"""Write the documentation's reference pages, or check that the committed ones are what it would write.

::

    python scripts/generate_docs.py           write docs/reference/*.md
    python scripts/generate_docs.py --check   exit 1 and name the pages that differ

HTTP comes from the OpenAPI document that the server serves, gRPC from the comments of the protos, settings from the
fields of ``Settings``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import grpc_reference
import http_reference
import settings_reference

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "reference"


def generate() -> dict[str, str]:
    """The pages as they should be: file name to text."""
    return {
        "grpc.md": grpc_reference.page(),
        "http.md": http_reference.page(),
        "settings.md": settings_reference.page(),
    }


def stale(target: Path = TARGET) -> list[str]:
    """Names of the pages in ``target`` that are missing, differ or have no source any more."""
    wanted = generate()
    found = {path.name: path.read_text(encoding="utf-8") for path in target.glob("*.md")}
    return sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))


def main() -> int:
    """Exit status: 0 where the pages are (now) as they should be, 1 where the check found a difference."""
    parser = argparse.ArgumentParser(description="write the reference pages")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed pages are stale")
    if parser.parse_args().check:
        names = stale()
        if names:
            print(f"stale in {TARGET.relative_to(ROOT)}: {', '.join(names)}; run: make docs", file=sys.stderr)
        return 1 if names else 0
    TARGET.mkdir(exist_ok=True)
    for name, text in generate().items():
        (TARGET / name).write_text(text, encoding="utf-8")
        print(f"{TARGET.relative_to(ROOT)}/{name}: {text.count(chr(10))} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main())
