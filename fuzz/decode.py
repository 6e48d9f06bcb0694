"""Fuzz the decoder: whatever the bytes are, it gives pages within the limits, or InvalidImage, or PayloadTooLarge.

Anything else is a finding: another exception, a crash of a library, 10 seconds for one file, 2 GiB of memory. The bytes
of a finding are written to ``build/fuzz``. Coverage guides it through our Python and Pillow's; the C and C++ below
are only judged by what they do.

    python fuzz/decode.py [libFuzzer's options, as -max_total_time=3600] [folders of more files to begin with]
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import atheris
import numpy as np

with atheris.instrument_imports(include=["ml_server", "PIL"]):
    from PIL import (  # noqa: F401 - the readers, which Pillow would load later and without coverage
        BmpImagePlugin,
        GifImagePlugin,
        Image,
        ImageFile,
        ImageOps,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
        WebPImagePlugin,
    )

    from ml_server import decode, decode_image, decode_pdf  # noqa: F401
    from ml_server.decode_limits import DecodeLimits
    from ml_server.document import Page
    from ml_server.errors import InvalidImage, PayloadTooLarge

BUILD = Path("build/fuzz")
LIMITS = DecodeLimits(
    max_image_bytes=2**18, max_document_bytes=2**19, max_pixels=250_000, max_pages=4, pdf_dpi=36
)  # small, so that a run is quick; what is over a limit ends there
BOUNDS = (
    "-seed=20261121",
    "-max_total_time=60",
    "-max_len=65536",
    "-len_control=0",
    "-timeout=10",
    "-rss_limit_mb=2048",
)


def check(data: bytes) -> None:
    """Decode one file as a decoder process does.

    Raises:
        AssertionError: a page is not what the engines are promised.
    """
    try:
        found = decode.probe(data, LIMITS)
        pages = decode.decode_pages(data, 0, LIMITS.max_pages, LIMITS)
    except (InvalidImage, PayloadTooLarge):
        return
    assert 1 <= len(pages) <= found.pages <= LIMITS.max_pages
    for number, page in enumerate(pages, 1):
        _check_page(page, number)


def _check_page(page: Page, number: int) -> None:
    assert page.number == number
    assert page.pixels.dtype == np.uint8
    assert page.pixels.shape == (page.height, page.width, 3)
    assert 0 < page.width * page.height <= LIMITS.max_pixels


def seeds() -> Iterator[tuple[str, bytes]]:
    """A small file of each format and of some variants, so that the fuzzer need not find the formats themselves."""
    colour = Image.effect_noise((12, 9), 60).convert("RGB")
    turned = Image.Exif()
    turned[274] = 6
    variants = {
        "1.png": colour.convert("1"), "p.png": colour.convert("P"), "la.png": colour.convert("LA"),
        "rgba.png": colour.convert("RGBA"), "16.png": colour.convert("I;16"), "cmyk.jpg": colour.convert("CMYK"),
        "l.bmp": colour.convert("L"), "rgb.webp": colour, "p.gif": colour, "f.tiff": colour.convert("F"),
    }  # fmt: skip
    for name, image in variants.items():
        yield name, _saved(image, {"jpg": "JPEG"}.get(name.rpartition(".")[2], name.rpartition(".")[2]))
    yield "exif.jpg", _saved(colour, "JPEG", exif=turned.tobytes())
    yield "progressive.jpg", _saved(colour, "JPEG", progressive=True)
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "jpeg", "packbits"):
        pages = [colour.rotate(90)]
        yield f"{compression}.tiff", _saved(colour, "TIFF", compression=compression, save_all=True, append_images=pages)
    yield "fax.tiff", _saved(colour.convert("1"), "TIFF", compression="group4")
    yield "moving.gif", _saved(colour, "GIF", save_all=True, append_images=[colour.rotate(180)])
    yield "moving.webp", _saved(colour, "WEBP", save_all=True, append_images=[colour.rotate(180)])
    yield "pages.pdf", _saved(colour, "PDF", save_all=True, append_images=[colour.rotate(180)])
    yield (
        "text.pdf",
        (
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>endobj 4 0 obj<</Length 30>>stream\n"
            b"BT /F1 9 Tf 9 9 Td (Hi) Tj ET\nendstream endobj trailer<</Root 1 0 R>>"
        ),
    )


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def main() -> None:
    """Run until the bounds are reached or something is found."""
    corpus = BUILD / "seeds"
    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds():
        (corpus / name).write_bytes(data)
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")]
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    found = BUILD / "corpus"  # what libFuzzer adds goes into the first folder, and a later run begins with it
    found.mkdir(exist_ok=True)
    command = [sys.argv[0], *BOUNDS, f"-artifact_prefix={BUILD}/", *options, str(found), str(corpus), *folders]
    atheris.Setup(command, check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
