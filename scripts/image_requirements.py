"""Write the pinned requirements of the images and the bento, or check that the committed ones are what it would write.

::

    python scripts/image_requirements.py           write deploy/requirements.txt
    python scripts/image_requirements.py --check   exit 1 if it differs

They are the packages of ``EXTRAS`` and all that those need, at the versions that are installed beside this Python,
which ``make setup`` takes from constraints.txt. So the images have what was tested, and nothing that only tests need.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "deploy" / "requirements.txt"
EXTRAS = ("paddle", "tesseract", "easyocr", "layoutlm", "finetune", "vlm", "s3", "gpu", "otel")

HEAD = """\
# Everything that an image or a bento installs: written by scripts/image_requirements.py (make requirements).
# deploy/image_venv.sh puts the OpenCV without libGL on top, and exchanges onnxruntime for onnxruntime-gpu.
"""

_NOT_PINNED = frozenset({"pip", "setuptools", "wheel"})


def wanted() -> str:
    """The file as it should be: one ``name==version`` a line, sorted by name.

    Raises:
        PackageNotFoundError: one of them is not installed here.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *(line for extra in EXTRAS for line in project["optional-dependencies"][extra])]
    waiting = [requirement for requirement in map(Requirement, asked) if _applies(requirement)]
    seen: set[tuple[str, str]] = set()
    pins: dict[str, str] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            found = metadata.distribution(name)
            pins[name] = found.version.partition("+")[0]
            needs = map(Requirement, found.requires or [])
            waiting += [need for need in needs if _applies(need, extra)]
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items()) if name not in _NOT_PINNED]
    return HEAD + "".join(lines)


def _applies(requirement: Requirement, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def main() -> int:
    """Exit status: 0 where the file is (now) as it should be, 1 where the check found a difference."""
    parser = argparse.ArgumentParser(description="write the images' requirements")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the committed file is stale")
    text = wanted()
    if parser.parse_args().check:
        fresh = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not fresh:
            print(f"stale: {TARGET.relative_to(ROOT)}; run: make requirements", file=sys.stderr)
        return 0 if fresh else 1
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {text.count('==')} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
