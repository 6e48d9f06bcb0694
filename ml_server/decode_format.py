"""What a file is, told by its first bytes and never by its name. Light: no Pillow, no pdfium."""

from __future__ import annotations

from typing import Final

ACCEPTED: Final = "PNG, JPEG, WebP, BMP, GIF, TIFF, PDF"

# TIFF 6.0 and BigTIFF, in both byte orders.
_ACCEPTED_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"BM", "BMP"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)

_OTHER_MAGIC: Final = (
    (b"PK\x03\x04", "a ZIP archive (also DOCX, XLSX, HWPX)"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an OLE document (DOC, XLS, HWP)"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 image"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 image"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL image"),
    (b"\xff\x0a", "a JPEG XL image"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\1\0", "an ICO image"),
    (b"%!PS", "a PostScript file"),
    (b"AT&TFORM", "a DjVu document"),
    (b"\x97JB2\r\n\x1a\n", "a JBIG2 image"),
    (b"qoif", "a QOI image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)

# ISO 14496-12: a size of four bytes, "ftyp", then the major brand.
_BRANDS: Final = {
    **dict.fromkeys((b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"), "a HEIC image"),
    **dict.fromkeys((b"avif", b"avis"), "an AVIF image"),
}


def sniff(data: bytes) -> str | None:
    """``PNG``, ``JPEG``, ``WebP``, ``BMP``, ``GIF``, ``TIFF`` or ``PDF``; None for anything else."""
    for magic, name in _ACCEPTED_MAGIC:
        if data.startswith(magic):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    # Writers put bytes in front; readers look for the header in the first 1024 (PDF 1.7 reference, appendix H.3.4.1).
    if b"%PDF-" in data[:1024]:
        return "PDF"
    return None


def describe(data: bytes) -> str:
    """What a file seems to be, for the message that refuses it."""
    for magic, name in _OTHER_MAGIC:
        if data.startswith(magic):
            return name
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "an MP4 or QuickTime file")
    text = _text(data[:1024])
    if text is None:
        return f"unknown data beginning with the bytes {data[:8].hex(' ')}"
    lowered = text.lower()
    if "<svg" in lowered:
        return "an SVG drawing"
    if "<html" in lowered or "<!doctype html" in lowered:
        return "an HTML page"
    if lowered.startswith("<?xml"):
        return "an XML file"
    return f"text beginning with {text[:24]!r}"


def _text(head: bytes) -> str | None:
    """The bytes as text, or None if they hold control characters or are not UTF-8."""
    try:
        # A character may be cut at the end of the head.
        text = head.decode("utf-8-sig", errors="strict" if len(head) < 1024 else "ignore").strip()
    except UnicodeDecodeError:
        return None
    readable = text.replace("\n", "").replace("\r", "").replace("\t", "").replace("\f", "")
    return text if readable.isprintable() and text else None
