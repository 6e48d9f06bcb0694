"""The fonts and the word list that the recipe draws with, as Debian packages; with others its lines are others."""

from __future__ import annotations

from pathlib import Path

from ml_server.errors import EngineUnavailable
from ml_server.training.recognition.typefaces import NoTypefaces, typefaces
from ml_server.training.synthetic import values_words

# One file of each package that the shipped weights' lines are set in.
_FONTS = {
    "fonts-nanum": "NanumGothic.ttf",
    "fonts-nanum-extra": "NanumBarunGothicLight.ttf",
    "fonts-noto-cjk": "NotoSansCJK-Regular.ttc",
    "fonts-baekmuk": "batang.ttf",
    "fonts-unfonts-core": "UnBatang.ttf",
    "fonts-alee": "Bandal.ttf",
    "fonts-liberation": "LiberationSans-Regular.ttf",
    "fonts-dejavu-core": "DejaVuSans.ttf",
    "fonts-dejavu-extra": "DejaVuSans-Oblique.ttf",
    "fonts-crosextra-carlito": "Carlito-Regular.ttf",
    "fonts-crosextra-caladea": "Caladea-Regular.ttf",
    "fonts-freefont-ttf": "FreeSans.ttf",
    "fonts-urw-base35": "NimbusSans-Regular.otf",
    "fonts-texgyre": "texgyretermes-regular.otf",
    "fonts-lato": "Lato-Regular.ttf",
    "fonts-open-sans": "OpenSans-Regular.ttf",
    "fonts-roboto-unhinted": "Roboto-Regular.ttf",
    "fonts-courier-prime": "Courier Prime.otf",
    "fonts-ocr-a": "OCRA.ttf",
}
_WORD_LIST = "hunspell-ko"


def check_materials() -> None:
    """Refuse to go on without what the recipe needs.

    Raises:
        EngineUnavailable: fonts or the word list are missing; the message names the Debian packages.
    """
    absent = missing()
    if absent:
        raise EngineUnavailable(
            f"fonts or words that the lines are drawn with are not here: apt-get install {' '.join(absent)}"
        )


def missing() -> list[str]:
    """Debian packages that have to be installed first, in a fixed order."""
    try:
        here = {Path(face.path).name for face in typefaces()}
    except NoTypefaces:
        here = set()
    absent = [package for package, file in _FONTS.items() if file not in here]
    return absent if values_words.korean_entries() else [*absent, _WORD_LIST]
