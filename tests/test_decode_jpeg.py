"""JPEGs decoded without Pillow: pixel for pixel what Pillow gives, and Pillow's word on all that is not sound."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ml_server import decode_jpeg
from ml_server.decode import decode_pages
from ml_server.decode_limits import DecodeLimits
from ml_server.settings import Settings

LIMITS = DecodeLimits.from_settings(Settings())
PAGE = Path(__file__).parent.parent / "samples" / "invoice_korean.png"


def jpeg(mode: str = "RGB", size: tuple[int, int] = (333, 251), **options: Any) -> bytes:
    """Part of the Korean sample."""
    into = io.BytesIO()
    with Image.open(PAGE) as page:
        page.convert("RGB").resize((500, 700)).crop((60, 40, 60 + size[0], 40 + size[1])).convert(mode).save(
            into, "JPEG", **options
        )
    return into.getvalue()


def by_pillow(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGB", {}),
        ("RGB", {"subsampling": "4:4:4", "quality": 97}),
        ("RGB", {"subsampling": "4:2:2", "quality": 10}),
        ("RGB", {"progressive": True}),
        ("RGB", {"restart_marker_blocks": 3}),
        ("RGB", {"keep_rgb": True}),
        ("L", {}),
        ("L", {"progressive": True, "optimize": True}),
    ],
)
@pytest.mark.parametrize("size", [(333, 251), (1, 1), (16, 17)])
def test_a_sound_file_is_what_pillow_makes_of_it(mode: str, options: dict[str, Any], size: tuple[int, int]) -> None:
    data = jpeg(mode, size, **options)
    pixels = decode_jpeg.to_rgb(data, *size)
    assert pixels is not None
    assert pixels.flags.writeable
    assert np.array_equal(pixels, by_pillow(data))


def test_pages_come_this_way_and_are_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = jpeg(exif=exif)
    (page,) = decode_pages(data, 0, 1, LIMITS)
    assert np.array_equal(page.pixels, np.rot90(by_pillow(data), -1))


def test_what_is_not_grey_or_rgb_is_left_to_pillow() -> None:
    data = jpeg("CMYK")
    (page,) = decode_pages(data, 0, 1, LIMITS)
    assert np.array_equal(page.pixels, by_pillow(data))


def test_a_header_of_another_size_is_believed_by_nobody() -> None:
    assert decode_jpeg.to_rgb(jpeg(), 333, 250) is None
    assert decode_jpeg.to_rgb(jpeg(), 400, 300) is None


def test_damaged_files_fare_as_with_pillow_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut short, with bytes changed, lost or added: the same page, or the same refusal."""
    rng, whole = random.Random(7), jpeg()
    damaged = [whole[: len(whole) * part // 10] for part in range(1, 10)] + [whole + b"more"]
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        damaged.append(bytes(data))

    def outcome(data: bytes) -> Any:
        try:
            return decode_pages(data, 0, 1, LIMITS)[0].pixels.tobytes()
        except Exception as error:
            return repr(error)

    ours = [outcome(data) for data in damaged]
    decoded = [decode_jpeg.to_rgb(data, 333, 251) is not None for data in damaged]
    monkeypatch.setattr(decode_jpeg, "MODES", ())
    assert ours == [outcome(data) for data in damaged]
    assert any(decoded), "some damage nobody can see"
    assert not all(decoded)
