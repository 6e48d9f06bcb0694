"""What the fuzzer puts into fields whose content OpenAPI cannot describe. Loaded by schemathesis.

Files are small pages that can be read, languages are known ones, the engine is the mock, which reads them all, and the
model is the one that serves: what is right by the document is then right indeed.
"""

from __future__ import annotations

import io

import schemathesis
from hypothesis import strategies
from PIL import Image

from ml_server.languages import LANGUAGES


def _page(kind: str, mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (24, 16), "white").save(out, kind)
    return out.getvalue()


PAGES = (_page("PNG"), _page("JPEG"), _page("PDF"), _page("TIFF", "L"), _page("WEBP"), _page("GIF"), _page("BMP", "1"))
NAMES = tuple(name for language in LANGUAGES for name in (language.name, *language.codes))

schemathesis.openapi.format("binary", strategies.sampled_from(PAGES))
schemathesis.openapi.format("language", strategies.lists(strategies.sampled_from(NAMES), min_size=1).map("+".join))
schemathesis.openapi.format("engine", strategies.just("mock"))
schemathesis.openapi.format("model-version", strategies.just(""))  # whichever serves
