"""Every limit of the decoder, and what it refuses."""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Callable

import pytest
from decode_samples import LIMITS, limits, noise, one, png, quadrants, saved
from PIL import Image

from ml_server.decode import DecodeLimits, check_size, decode_pages, probe
from ml_server.errors import InvalidImage, PayloadTooLarge
from ml_server.settings import Settings


def test_limits_come_from_the_settings() -> None:
    chosen = {"max_image_bytes": 1, "max_document_bytes": 2, "max_pixels": 3, "max_pages": 4, "pdf_dpi": 100}
    assert DecodeLimits.from_settings(Settings.model_validate(chosen)) == DecodeLimits(**chosen)


def test_the_defaults_are_the_documented_ones() -> None:
    assert DecodeLimits.from_settings(Settings.model_validate({})) == LIMITS


def test_bytes_of_an_image() -> None:
    data = saved(noise(), "PNG")
    allowed = limits(max_image_bytes=len(data) - 1)
    for act in (check_size, probe, lambda d, a: decode_pages(d, 0, 1, a)):
        with pytest.raises(
            PayloadTooLarge, match=f"the PNG is too large: found {len(data)} bytes, {len(data) - 1} all"
        ):
            act(data, allowed)
    check_size(data, limits(max_image_bytes=len(data)))


def test_bytes_of_what_may_have_several_pages() -> None:
    for kind in ("PDF", "TIFF"):
        data = saved(noise(), kind)
        check_size(data, limits(max_image_bytes=1))
        with pytest.raises(PayloadTooLarge, match=f"the {kind} is too large"):
            check_size(data, limits(max_document_bytes=len(data) - 1))


def test_bytes_of_anything_else() -> None:
    with pytest.raises(PayloadTooLarge, match="the file is too large: found 11 bytes, 10 allowed"):
        check_size(b"x" * 11, limits(max_image_bytes=10))


@pytest.mark.parametrize(
    ("kind", "act"),
    [("PNG", probe), ("PNG", lambda d, a: decode_pages(d, 0, 1, a)), ("BMP", probe), ("GIF", probe), ("JPEG", probe)],
)
def test_pixels(kind: str, act: Callable[[bytes, DecodeLimits], object]) -> None:
    data = saved(Image.new("RGB", (50, 40)), kind)
    with pytest.raises(PayloadTooLarge, match="page 1 is too large: found 50 x 40 = 2000 pixels, 1999 allowed"):
        act(data, limits(max_pixels=1999))
    act(data, limits(max_pixels=2000))


def test_pixels_of_a_webp_are_checked_before_its_canvas_is_made() -> None:
    data = saved(Image.new("RGB", (50, 40)), "WebP")
    with pytest.raises(PayloadTooLarge, match="found 50 x 40 = 2000 pixels, 1500 allowed"):
        probe(data, limits(max_pixels=1500))
    with pytest.raises(PayloadTooLarge, match="found more than 1000 pixels, 500 allowed"):
        probe(data, limits(max_pixels=500))


def test_pixels_are_checked_on_every_page_of_a_tiff() -> None:
    data = saved(Image.new("L", (5, 5)), "TIFF", save_all=True, append_images=[Image.new("L", (50, 40))])
    allowed = limits(max_pixels=1000)
    assert probe(data, allowed).pages == 2
    with pytest.raises(PayloadTooLarge, match="page 2 is too large: found 50 x 40 = 2000 pixels, 1000 allowed"):
        decode_pages(data, 0, 2, allowed)


def test_a_png_of_60000_by_60000() -> None:
    data = png(60_000, 60_000, 8, 2, b"\0" * 100)
    for act in (probe, lambda d, a: decode_pages(d, 0, 1, a)):
        with pytest.raises(PayloadTooLarge, match="60000 x 60000 = 3600000000 pixels, 64000000 allowed"):
            act(data, LIMITS)


def test_pages_of_a_tiff() -> None:
    page = Image.new("1", (2, 2))
    data = saved(page, "TIFF", save_all=True, append_images=[page] * 5)
    assert probe(data, limits(max_pages=6)).pages == 6
    with pytest.raises(PayloadTooLarge, match="found at least 5 pages, 4 allowed"):
        probe(data, limits(max_pages=4))


def test_pillows_own_limit_is_left_as_it_was() -> None:
    before = Image.MAX_IMAGE_PIXELS
    probe(saved(quadrants(), "PNG"), LIMITS)
    assert before == Image.MAX_IMAGE_PIXELS


# What is refused


@pytest.mark.parametrize("act", [check_size, probe, lambda d, a: decode_pages(d, 0, 1, a)])
def test_an_empty_body(act: Callable[[bytes, DecodeLimits], object]) -> None:
    with pytest.raises(InvalidImage, match="the file is empty; accepted: PNG, JPEG, WebP, BMP, GIF, TIFF, PDF"):
        act(b"", LIMITS)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"PK\x03\x04" + b"\0" * 30, "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 30, "an OLE document"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC image"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF image"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "an MP4 or QuickTime file"),
        (b"<!DOCTYPE html><html></html>", "an HTML page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing"),
        (b"<?xml version='1.0'?><a/>", "an XML file"),
        ("안녕하세요 ".encode() * 200, "text beginning with '안녕하세요"),
        (b"hello", "text beginning with 'hello'"),
        (b"\x01\x02\x03\x04\x05\x06\x07\x08\x09", "unknown data beginning with the bytes 01 02 03 04 05 06 07 08"),
        (b" \n", "unknown data beginning with the bytes 20 0a"),
    ],
)
def test_what_is_no_image_is_named(data: bytes, found: str) -> None:
    with pytest.raises(InvalidImage) as caught:
        probe(data, LIMITS)
    assert f"found: {found}" in caught.value.message
    assert caught.value.message.endswith("accepted: PNG, JPEG, WebP, BMP, GIF, TIFF, PDF")


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.95])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF", "PDF"])
def test_a_truncated_upload_is_refused_not_filled_with_grey(kind: str, kept: float) -> None:
    data = saved(noise(), kind)
    with pytest.raises(InvalidImage, match=f"found a {kind} that cannot be read: ") as caught:
        decode_pages(data[: max(int(len(data) * kept), 16)], 0, 1, LIMITS)
    assert "0x" not in caught.value.message  # no addresses of Python objects


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF"])
def test_a_bare_header_is_refused_with_its_cause(kind: str) -> None:
    with pytest.raises(InvalidImage, match="accepted: PNG") as caught:
        probe(saved(quadrants(), kind)[:12], LIMITS)
    assert caught.value.__cause__ is not None


def test_running_out_of_memory_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "crop", fail)
    with pytest.raises(PayloadTooLarge, match="reading this PNG needs more memory than a decoder is allowed"):
        one(saved(quadrants(), "PNG"))


def test_a_tiff_whose_directories_form_a_ring_ends() -> None:
    data = bytearray(saved(Image.new("L", (4, 4)), "TIFF"))
    first = struct.unpack_from("<I", data, 4)[0]
    entries = struct.unpack_from("<H", data, first)[0]
    struct.pack_into("<I", data, first + 2 + 12 * entries, first)
    assert probe(bytes(data), LIMITS).pages == 1


def test_damaged_files_leave_nothing_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(saved(noise(), "TIFF", compression="tiff_deflate"))
    data[100:400] = b"\xff" * 300
    with pytest.raises(InvalidImage):
        one(bytes(data))
    sys.stderr.write("still open")
    assert capfd.readouterr().err == "still open"


def test_the_light_half_loads_no_library() -> None:
    code = (
        "import sys; from ml_server.decode import check_size, DecodeLimits;"
        "check_size(b'x', DecodeLimits(9, 9, 9, 9, 9));"
        "print([name for name in ('PIL', 'pypdfium2') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
