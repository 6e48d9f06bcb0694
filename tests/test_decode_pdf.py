"""PDF pages as pixels."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from decode_samples import (
    BLACK,
    BLUE,
    GREEN,
    LIMITS,
    RED,
    WHITE,
    limits,
    one,
    pdf,
    pdf_page,
    pdf_with_pages,
    quadrants,
    saved,
)
from PIL import Image

from ml_server.decode import DocumentProbe, decode_pages, probe
from ml_server.errors import InvalidImage, MLServerError, PayloadTooLarge


def test_pages_of_a_pdf() -> None:
    pages = [Image.new("RGB", (100, 50 + n), colour) for n, colour in enumerate((RED, GREEN, BLUE))]
    data = saved(pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=LIMITS.pdf_dpi)
    assert probe(data, LIMITS) == DocumentProbe(format="PDF", pages=3)
    found = decode_pages(data, 1, 5, LIMITS)
    assert [(page.number, page.width, page.height) for page in found] == [(2, 100, 51), (3, 100, 52)]
    np.testing.assert_allclose(found[0].pixels[25, 50].astype(int), GREEN, atol=3)
    with pytest.raises(InvalidImage, match="the PDF has no page 4"):
        decode_pages(data, 3, 1, LIMITS)


def test_the_picture_is_upright_and_in_rgb() -> None:
    page = one(saved(quadrants(200, 100), "PDF", resolution=LIMITS.pdf_dpi, quality=95))
    for (x, y), colour in {(50, 25): RED, (150, 25): GREEN, (50, 75): BLUE, (150, 75): BLACK}.items():
        np.testing.assert_allclose(page.pixels[y, x].astype(int), colour, atol=5)


@pytest.mark.parametrize(("dpi", "size"), [(200, (1700, 2200)), (72, (612, 792))])
def test_resolution(dpi: int, size: tuple[int, int]) -> None:
    page = one(pdf_page(), limits(pdf_dpi=dpi))
    assert (page.width, page.height) == size
    assert page.pixels.min() == 255  # no content: white


def test_vector_content_lands_where_it_should() -> None:
    # The lower left quarter of the page in red; PDF's y goes up.
    page = one(pdf_page(b"0 0 100 100", b"1 0 0 rg 0 0 50 50 re f"), limits(pdf_dpi=72))
    assert [tuple(page.pixels[y, x]) for y, x in ((75, 25), (25, 25), (75, 75))] == [RED, WHITE, WHITE]


def test_filled_form_fields_are_drawn() -> None:
    appearance = b"0 0 1 rg 0 0 50 50 re f"
    data = pdf(
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Annots [4 0 R] >>",
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (b) /F 4 /Rect [0 0 50 50] /P 3 0 R /AP << /N 5 0 R >> >>",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 50 50] /Length %d >>\nstream\n%s\nendstream"
        % (len(appearance), appearance),
    )
    page = one(data, limits(pdf_dpi=72))
    assert tuple(page.pixels[75, 25]) == BLUE
    assert tuple(page.pixels[25, 25]) == WHITE


def test_bytes_before_the_header() -> None:
    assert probe(b"\n\n" + pdf_page(), LIMITS).pages == 1


# Limits


def test_10000_pages() -> None:
    data = pdf_with_pages(kids=10_000, count=10_000)
    with pytest.raises(PayloadTooLarge, match="found 10000 pages, 200 allowed"):
        probe(data, LIMITS)
    with pytest.raises(PayloadTooLarge, match="found 10000 pages, 200 allowed"):
        decode_pages(data, 0, 1, LIMITS)
    assert probe(data, limits(max_pages=10_000)).pages == 10_000


def test_a_large_drawing_is_rendered_at_a_lower_resolution() -> None:
    # A0, 33.1 x 46.8 inches: at 200 dpi 62 million pixels.
    allowed = limits(max_pixels=5_000_000)
    page = one(pdf_page(b"0 0 2384 3370", b"1 0 0 rg 0 0 2384 1685 re f"), allowed)
    assert 4_950_000 < page.width * page.height <= 5_000_000
    assert page.width / page.height == pytest.approx(2384 / 3370, rel=0.01)
    assert tuple(page.pixels[-10, 10]) == RED
    assert tuple(page.pixels[10, 10]) == WHITE


@pytest.mark.parametrize("box", [b"0 0 20000 20000", b"0 0 1000000000 1000000000", b"0 0 1000000000 1"])
def test_an_absurd_page_is_refused_before_it_is_rendered(box: bytes) -> None:
    with pytest.raises(PayloadTooLarge, match=r"page 1 is too large: found .* inches, which at 36 dpi exceeds"):
        one(pdf_page(box))


@pytest.mark.parametrize(
    "box", [b"0 0 0 0", b"10 10 10 10", b"0 0 -50 -50", b"0 0 0.001 0.001", b"1 2", b"0 0 1 1e30", b"/a /b /c /d"]
)
def test_a_tiny_or_senseless_page_is_a_small_page_or_an_error(box: bytes) -> None:
    try:
        page = one(pdf_page(box))
    except MLServerError as error:
        assert "page 1" in error.message  # noqa: PT017
    else:
        assert 0 < page.width * page.height <= LIMITS.max_pixels


# What is refused


def test_a_password() -> None:
    encrypt = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]" % (
        b"41" * 32,
        b"42" * 32,
    )
    with pytest.raises(InvalidImage, match="needs a password"):
        probe(pdf_page(trailer=encrypt), LIMITS)


def test_an_unknown_encryption() -> None:
    with pytest.raises(InvalidImage, match="encrypted in a way that cannot be read"):
        probe(pdf_page(trailer=b"/Encrypt << /Filter /Nonsense /V 9 >> /ID [<00> <00>]"), LIMITS)


def test_no_pages() -> None:
    with pytest.raises(InvalidImage, match="a PDF without pages"):
        probe(pdf_with_pages(kids=0, count=0), LIMITS)


def test_a_page_that_is_only_promised() -> None:
    data = pdf_with_pages(kids=1, count=3)
    with pytest.raises(InvalidImage, match="page 3 of the PDF is damaged or missing"):
        decode_pages(data, 2, 1, LIMITS)


def test_pages_that_refer_to_themselves() -> None:
    data = pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 /Parent 2 0 R >>")
    with pytest.raises(InvalidImage):
        decode_pages(data, 0, 1, LIMITS)


def test_a_header_alone() -> None:
    with pytest.raises(InvalidImage, match="it is damaged or incomplete"):
        probe(b"%PDF-1.7\n", LIMITS)


def test_threads_take_turns() -> None:
    """Pdfium crashes when two threads use it; the lock makes that impossible."""
    data = pdf_page(b"0 0 300 300", b"0 0 1 rg 0 0 300 300 re f")
    found: list[tuple[int, ...]] = []

    def work() -> None:
        for _ in range(5):
            found.append(tuple(one(data).pixels[100, 100]))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [BLUE] * 40
