"""Files made in memory for the decoder's tests."""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

from ml_server.decode import DecodeLimits, decode_pages
from ml_server.document import Page

LIMITS = DecodeLimits(
    max_image_bytes=20 * 2**20, max_document_bytes=100 * 2**20, max_pixels=64_000_000, max_pages=200, pdf_dpi=200
)
RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
LOSSLESS: dict[str, dict[str, Any]] = {"PNG": {}, "WebP": {"lossless": True}, "BMP": {}, "TIFF": {}}


def limits(**changes: int) -> DecodeLimits:
    return dataclasses.replace(LIMITS, **changes)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def quadrants(width: int = 64, height: int = 32) -> Image.Image:
    """Red, green, blue and black, so that no turn or flip leaves it as it was."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(BLACK, (width // 2, height // 2, width, height))
    return image


def noise(width: int = 160, height: int = 120) -> Image.Image:
    values = np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(values)


def one(data: bytes, allowed: DecodeLimits = LIMITS) -> Page:
    (page,) = decode_pages(data, 0, 1, allowed)
    assert page.pixels.dtype == np.uint8
    assert page.pixels.shape == (page.height, page.width, 3)
    assert page.pixels.flags.c_contiguous
    assert page.pixels.flags.writeable
    return page


def first_pixels(data: bytes, count: int = 1) -> list[tuple[int, ...]]:
    return [tuple(pixel) for pixel in one(data).pixels.reshape(-1, 3)[:count].tolist()]


def png(width: int, height: int, depth: int, colour: int, rows: bytes, transparent: bytes = b"") -> bytes:
    """A PNG written by hand, for what Pillow does not write. ``rows`` include their filter bytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
        + (chunk(b"tRNS", transparent) if transparent else b"")
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF written by hand: object 1 is the catalog, the others follow."""
    out = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, table)
    return bytes(out)


def pdf_page(media_box: bytes = b"0 0 612 792", content: bytes = b"", trailer: bytes = b"") -> bytes:
    """A PDF of one page."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R >>" % media_box,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        trailer=trailer,
    )


def pdf_with_pages(kids: int, count: int) -> bytes:
    """A PDF whose page tree lists the same page ``kids`` times and says that it has ``count``."""
    return pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * kids, count),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 72 72] >>",
    )
