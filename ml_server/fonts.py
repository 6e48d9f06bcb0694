"""Where this machine keeps a font with Hangul: known file names in the usual folders, without fontconfig."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageFont

INSTALL = "apt-get install fonts-nanum"


@dataclass(frozen=True, slots=True)
class FontFile:
    """One face of a font file.

    Attributes:
        path: of the file.
        index: of the face in a collection (``.ttc``), 0 in other files.
    """

    path: Path
    index: int = 0


# Best first: regular file, bold file, index of the Korean face.
_KNOWN: tuple[tuple[str, str, int], ...] = (
    ("NanumGothic.ttf", "NanumGothicBold.ttf", 0),
    ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc", 1),
    ("NotoSansKR-Regular.otf", "NotoSansKR-Bold.otf", 0),
    ("NotoSansKR-Regular.ttf", "NotoSansKR-Bold.ttf", 0),
    ("NanumBarunGothic.ttf", "NanumBarunGothicBold.ttf", 0),
    ("UnDotum.ttf", "UnDotumBold.ttf", 0),
    ("baekmuk.ttf", "baekmuk.ttf", 0),
    ("AppleSDGothicNeo.ttc", "AppleSDGothicNeo.ttc", 0),
    ("malgun.ttf", "malgunbd.ttf", 0),
)


def folders() -> tuple[Path, ...]:
    """Where fonts lie on this system; not all of them need exist."""
    home = Path.home()
    if sys.platform == "darwin":
        return (home / "Library/Fonts", Path("/Library/Fonts"), Path("/System/Library/Fonts"))
    if sys.platform == "win32":
        return (Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",)
    return (home / ".local/share/fonts", home / ".fonts", Path("/usr/local/share/fonts"), Path("/usr/share/fonts"))


def hangul_font(*, bold: bool = False, places: tuple[Path, ...] | None = None) -> FontFile | None:
    """The best installed font that can write Korean, or None.

    Args:
        bold: its bold face.
        places: folders to look in, with all below them; None for :func:`folders`.
    """
    found = {path.name: path for path in _files(folders() if places is None else places)}
    for regular, heavy, index in _KNOWN:
        path = found.get(heavy if bold else regular)
        if path is not None:
            return FontFile(path, index)
    return None


def load(file: FontFile, size: float) -> ImageFont.FreeTypeFont:
    """The face at ``size`` pixels per em, laid out by Pillow's simple engine so that every machine places it alike."""
    from PIL import ImageFont

    return ImageFont.truetype(str(file.path), size, index=file.index, layout_engine=ImageFont.Layout.BASIC)


def _files(places: tuple[Path, ...]) -> Iterator[Path]:
    for place in places:
        for folder, _, names in os.walk(place):
            yield from (Path(folder, name) for name in names)
