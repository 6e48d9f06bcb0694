"""Every format and mode to upright 8-bit RGB."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from decode_samples import (
    BLACK,
    BLUE,
    GREEN,
    LIMITS,
    LOSSLESS,
    RED,
    WHITE,
    first_pixels,
    noise,
    one,
    png,
    quadrants,
    saved,
)
from PIL import Image

from ml_server.decode import DocumentProbe, decode_pages, probe
from ml_server.errors import InvalidImage

# Formats


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats_give_the_pixels_back(kind: str) -> None:
    image = noise(97, 1031)  # more than two strips of rows, the last one short
    data = saved(image, kind, **LOSSLESS[kind])
    assert probe(data, LIMITS) == DocumentProbe(format=kind, pages=1)
    np.testing.assert_array_equal(one(data).pixels, np.asarray(image))


def test_jpeg_is_close() -> None:
    data = saved(quadrants(), "JPEG", quality=100, subsampling=0)
    assert probe(data, LIMITS) == DocumentProbe(format="JPEG", pages=1)
    np.testing.assert_allclose(one(data).pixels.astype(int), np.asarray(quadrants()).astype(int), atol=6)


@pytest.mark.parametrize("kind", ["GIF", "WebP", "PNG"])
def test_an_animation_is_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if kind == "WebP" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **options)
    assert probe(data, LIMITS) == DocumentProbe(format=kind, pages=1)
    assert first_pixels(data) == [RED]
    with pytest.raises(InvalidImage, match=f"the {kind} has no page 2"):
        decode_pages(data, 1, 1, LIMITS)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_deflate", "packbits"])
def test_a_tiff_has_all_its_pages(compression: str) -> None:
    pages = [Image.new("RGB", (10 + n, 20), colour) for n, colour in enumerate((RED, GREEN, BLUE))]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression=compression)
    assert probe(data, LIMITS) == DocumentProbe(format="TIFF", pages=3)
    found = decode_pages(data, 0, 10, LIMITS)
    assert [(page.number, page.width, tuple(page.pixels[5, 5])) for page in found] == [
        (1, 10, RED),
        (2, 11, GREEN),
        (3, 12, BLUE),
    ]
    assert [page.number for page in decode_pages(data, 1, 1, LIMITS)] == [2]
    with pytest.raises(InvalidImage, match="no page 4"):
        decode_pages(data, 3, 1, LIMITS)


def test_a_fax_tiff_is_black_on_white() -> None:
    image = Image.new("1", (64, 64), 1)
    image.paste(0, (0, 0, 32, 64))
    pixels = one(saved(image, "TIFF", compression="group4")).pixels
    assert tuple(pixels[10, 10]) == BLACK
    assert tuple(pixels[10, 50]) == WHITE


# Modes


@pytest.mark.parametrize(
    ("mode", "colour", "kind", "expected"),
    [
        ("1", 1, "PNG", WHITE),
        ("1", 0, "PNG", BLACK),
        ("L", 77, "PNG", (77, 77, 77)),
        ("LA", (0, 0), "PNG", WHITE),
        ("LA", (0, 255), "PNG", BLACK),
        ("RGBA", (255, 0, 0, 0), "PNG", WHITE),
        ("RGBA", (255, 0, 0, 255), "PNG", RED),
        ("RGBA", (0, 0, 0, 51), "PNG", (204, 204, 204)),
        ("RGBA", (0, 0, 0, 51), "TIFF", (204, 204, 204)),
        ("CMYK", (0, 255, 255, 0), "TIFF", RED),
        ("CMYK", (0, 255, 255, 0), "JPEG", RED),  # with an Adobe marker, stored inverted
        ("CMYK", (0, 0, 0, 255), "JPEG", BLACK),
        ("CMYK", (0, 0, 0, 0), "JPEG", WHITE),
        ("LAB", (255, 128, 128), "TIFF", WHITE),
        ("I;16", 77 * 257, "PNG", (77, 77, 77)),
        ("I;16", 65535, "TIFF", WHITE),
        ("I;16B", 77 * 257, "TIFF", (77, 77, 77)),
        ("I", 200, "TIFF", (200, 200, 200)),
        ("I", 77 * 257, "TIFF", (77, 77, 77)),
        ("F", 0.2, "TIFF", (51, 51, 51)),
        ("F", 200.0, "TIFF", (200, 200, 200)),
        ("F", float("nan"), "TIFF", BLACK),
        ("PA", (3, 0), "TIFF", WHITE),
    ],
)
def test_modes(mode: str, colour: Any, kind: str, expected: tuple[int, int, int]) -> None:
    data = saved(Image.new(mode, (16, 16), colour), kind)
    if kind == "JPEG":
        assert b"Adobe" in data
    np.testing.assert_allclose(first_pixels(data)[0], expected, atol=1)


def test_palette() -> None:
    np.testing.assert_array_equal(one(saved(quadrants().quantize(4), "PNG")).pixels, np.asarray(quadrants()))


@pytest.mark.parametrize("transparency", [0, b"\x00\xff"], ids=["one index", "alpha per index"])
def test_palette_with_transparency(transparency: int | bytes) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    assert first_pixels(saved(image, "PNG", transparency=transparency), 2) == [WHITE, BLUE]


def test_gif_with_transparency() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, *BLUE])
    image.putpixel((1, 0), 1)
    assert first_pixels(saved(image, "GIF", transparency=0), 2) == [WHITE, BLUE]


def test_16_bit_greys_keep_their_steps_instead_of_being_clipped() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(1, 256)
    for kind in ("PNG", "TIFF"):
        assert one(saved(Image.fromarray(ramp), kind)).pixels[0, :, 0].tolist() == list(range(256))


def test_16_bit_grey_with_a_transparent_value() -> None:
    data = png(2, 1, 16, 0, b"\0" + struct.pack(">HH", 0x1234, 0x8000), transparent=struct.pack(">H", 0x1234))
    assert first_pixels(data, 2) == [WHITE, (128, 128, 128)]


def test_16_bit_grey_where_white_is_zero() -> None:
    data = bytearray(saved(Image.new("I;16", (4, 4), 0), "TIFF"))
    entry = data.index(struct.pack("<HHI", 262, 3, 1))  # PhotometricInterpretation, one SHORT
    data[entry + 8 : entry + 10] = struct.pack("<H", 0)
    assert first_pixels(bytes(data)) == [WHITE]


def test_16_bits_with_alpha() -> None:
    data = png(2, 1, 16, 6, b"\0" + struct.pack(">8H", 0, 0, 0, 0, 0, 0x8000, 0xFFFF, 0xFFFF))
    assert first_pixels(data, 2) == [WHITE, (0, 128, 255)]


@pytest.mark.parametrize(("low", "high"), [(-5.0, 5.0), (0.0, 1e6)])
def test_an_unusual_range_is_stretched(low: float, high: float) -> None:
    data = saved(Image.fromarray(np.array([[low, (low + high) / 2, high]], np.float32)), "TIFF")
    np.testing.assert_allclose([pixel[0] for pixel in first_pixels(data, 3)], [0, 127.5, 255], atol=0.5)


def test_one_value_beyond_16_bits_is_a_blank_page() -> None:
    assert first_pixels(saved(Image.new("I", (4, 4), 70_000), "TIFF")) == [BLACK]


# EXIF


def stored(upright: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """What a camera stores, from the table in EXIF 2.32, 4.6.4 A: where row 0 and column 0 are seen."""
    row_side, column_side = {
        1: ("top", "left"),
        2: ("top", "right"),
        3: ("bottom", "right"),
        4: ("bottom", "left"),
        5: ("left", "top"),
        6: ("right", "top"),
        7: ("right", "bottom"),
        8: ("left", "bottom"),
    }[orientation]
    turned = row_side in ("left", "right")
    picture = upright.transpose(1, 0, 2) if turned else upright
    rows = slice(None, None, -1 if row_side in ("bottom", "right") else 1)
    columns = slice(None, None, -1 if column_side in ("bottom", "right") else 1)
    return np.ascontiguousarray(picture[rows, columns])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WebP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(orientation: int, kind: str) -> None:
    upright = np.asarray(quadrants(64, 32))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, Any] = {"quality": 100, "subsampling": 0} if kind == "JPEG" else LOSSLESS[kind]
    data = saved(Image.fromarray(stored(upright, orientation)), kind, exif=exif, **options)
    page = one(data)
    assert (page.width, page.height) == (64, 32)
    np.testing.assert_allclose(page.pixels.astype(int), upright.astype(int), atol=6 if kind == "JPEG" else 0)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"]
)
def test_damaged_exif_does_not_spoil_the_picture(exif: bytes) -> None:
    assert one(saved(quadrants(), "JPEG", exif=exif)).width == 64
