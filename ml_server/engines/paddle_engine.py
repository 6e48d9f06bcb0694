"""PaddleOCR through its own API: PP-OCR detection and recognition, on ONNX Runtime or paddlepaddle."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_server.document import Line, OCRPage, Page
from ml_server.engine_info import EngineInfo
from ml_server.engines import paddle_weights
from ml_server.engines.base import EngineConfig, OCREngine, ReadOptions
from ml_server.engines.ctc import Crop, cut, words
from ml_server.engines.paddle_models import PaddleModels, formats, known, package
from ml_server.engines.paddle_reads import Read, lies_on_its_side, mean_score
from ml_server.engines.paddle_second import is_doubtful, settle
from ml_server.engines.paddle_weights import PaddleModel
from ml_server.errors import EngineUnavailable, UnsupportedLanguage
from ml_server.geometry import clamp, make_line, order_corners, polygon_to_box, reading_order, unrotate
from ml_server.languages import LANGUAGES, Language, canonical, parse

_BATCH = 6
"""Lines per recogniser call, PaddleOCR's own default."""

_DOUBTFUL = 0.8
"""A page whose lines' mean score is below this is tried upside down; upright pages of FUNSD and SROIE lie above."""

_DOUBTFUL_LINE = 0.8
"""A line below this is tried upside down."""

_CLEARLY_BETTER = 0.1
"""By how much the turned reading must win; a tie keeps the text as it stands."""

_SURE_LINE = 0.8
_SURE_LENGTH = 4
"""A turned line replaces the upright one only with this score and this many characters: specks and single letters such
as O, P and d read as well upside down."""

_MOST_REPLICAS = 4
"""Each takes half a gigabyte; further cores become threads of these."""

_SAMPLE = 8
"""Lines read to decide whether a page is upside down."""


class PaddleEngine(OCREngine):
    """PP-OCR detector and recognisers, one recogniser per group of languages, each loaded once."""

    name = "paddle"
    install = 'pip install "ml_server[paddle]"'

    def __init__(self, config: EngineConfig) -> None:
        """See the base class; also EngineUnavailable where paddlepaddle is asked for and not installed."""
        info = self.describe(config)
        if not info.available:
            raise EngineUnavailable(f"engine paddle is not available: {info.reason}; {info.install}")
        # paddlex asks hubs which of them answers when it is imported; nothing here is downloaded.
        os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")
        import paddleocr

        _quiet()
        self._version = paddleocr.__version__
        self._config = config
        self._models = PaddleModels(config, paddleocr)
        detector = paddle_weights.find(paddle_weights.DETECTOR, config.model_dir, formats(config))
        assert detector is not None  # or it would not be available
        self._detector = self._models.detector(detector)
        self._recognisers: dict[tuple[str, ...], tuple[PaddleModel, Any]] = {}
        readable = [language for language in config.languages if language.name in info.languages]
        if not readable:
            self._recogniser(config.languages)
        for language in readable:
            self._second_opinion(self._recogniser((language,))[0])

    @classmethod
    def describe(cls, config: EngineConfig) -> EngineInfo:
        """See the base class."""
        missing = [name for name in ("paddleocr", package(config)) if importlib.util.find_spec(name) is None]
        readable = formats(config)
        here = {
            name
            for name in (paddle_weights.DETECTOR, *paddle_weights.RECOGNISERS)
            if paddle_weights.find(name, config.model_dir, readable)
        }
        languages = tuple(
            language.name for language in LANGUAGES if here.intersection(paddle_weights.recogniser_names((language,)))
        )
        reason, install = "", ""
        if missing:
            reason = f"package {missing[0]} is not installed"
            install = "pip install paddlepaddle" if missing[0] == "paddle" else cls.install
        elif paddle_weights.DETECTOR not in here or not languages:
            reason = f"no {'/'.join(readable)} weights for {paddle_weights.DETECTOR} and a recogniser"
            install = f"{cls.install}, or put model folders into ML_SERVER_MODEL_DIR"
        return EngineInfo(
            name=cls.name,
            available=not reason,
            reason=reason,
            install=install,
            languages=languages if not reason else (),
            weights=", ".join(sorted(here)),
            license="Apache-2.0",
            version="" if "paddleocr" in missing else importlib.metadata.version("paddleocr"),
        )

    @classmethod
    def reads(cls, languages: tuple[Language, ...], info: EngineInfo) -> bool:
        """See the base class; one recogniser must know them all."""
        return super().reads(languages, info) and bool(paddle_weights.recogniser_names(languages))

    @classmethod
    def install_for(cls, languages: tuple[Language, ...]) -> str:
        """See the base class."""
        names = paddle_weights.recogniser_names(languages)
        if not names:
            return ""
        comes = {paddle_weights.RECOGNISER, paddle_weights.SHIPPED_RECOGNISER}.intersection(names)
        here = paddle_weights.find_recogniser(languages, None) is not None
        if comes and (here or importlib.util.find_spec("paddleocr") is None):
            return cls.install
        return f"{cls.install} and put the model folder {names[0]}/ into ML_SERVER_MODEL_DIR"

    @classmethod
    def replicas(cls, cores: int) -> int:
        """See the base class. Replicas use cores better than threads do: a page is not all parallel."""
        return min(cores, _MOST_REPLICAS)

    def read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        """See the base class."""
        model, recogniser = self._recogniser(options.languages)
        second = self._second_opinion(model)
        version = f"{model.version} (paddleocr {self._version})"
        return [
            OCRPage(
                lines=tuple(self._read_page(page.pixels, recogniser, second, options.use_angle_cls)),
                width=page.width,
                height=page.height,
                language=canonical(options.languages),
                engine=self.name,
                model_version=version,
                number=page.number,
            )
            for page in pages
        ]

    def _recogniser(self, languages: tuple[Language, ...]) -> tuple[PaddleModel, Any]:
        names = paddle_weights.recogniser_names(languages)
        if not names:
            raise UnsupportedLanguage(
                f"engine paddle cannot read {canonical(languages)} in one go; ask for the languages one by one, or "
                f"for engine tesseract",
                field="language",
            )
        if names in self._recognisers:
            return self._recognisers[names]
        model = paddle_weights.find_recogniser(languages, self._config.model_dir, formats(self._config))
        if model is None:
            raise EngineUnavailable(
                f"engine paddle has no weights for {names[0]} here; put the folder {names[0]}/ (inference.yml and "
                f"inference.onnx) into ML_SERVER_MODEL_DIR, or let PaddleOCR fetch it once into its cache on a machine "
                f"with internet access",
                field="language",
            )
        self._recognisers[names] = model, self._models.recogniser(model)
        return self._recognisers[names]

    def _second_opinion(self, model: PaddleModel) -> Any:
        """PP-OCRv6's own recogniser beside ours, which knows Latin letters better; None beside others."""
        if model.name != paddle_weights.SHIPPED_RECOGNISER:
            return None
        english = parse("english")
        has = paddle_weights.find_recogniser(english, self._config.model_dir, formats(self._config)) is not None
        return self._recogniser(english)[1] if has else None

    def _read_page(
        self, pixels: npt.NDArray[np.uint8], recogniser: Any, second: Any, use_angle_cls: bool
    ) -> list[Line]:
        height, width = pixels.shape[:2]
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])
        crops, turns = self._detect(bgr), 0
        if use_angle_cls and lies_on_its_side(crops):
            turns = 1
            crops = self._detect(np.ascontiguousarray(np.rot90(bgr)))
        reads = self._recognise(crops, recogniser)
        if use_angle_cls and self._upside_down(reads, recogniser):
            turns += 2
            crops = self._detect(np.ascontiguousarray(np.rot90(bgr, turns)))
            reads = self._recognise(crops, recogniser)
        if use_angle_cls:
            reads = self._turn_lines(reads, recogniser)
        if second is not None:
            reads = self._ask_second(reads, second)
        lines = []
        for read in reads:
            found = words(read.characters, read.columns, read.count, read.crop, read.score)
            if found:
                lines.append(make_line(found, read.score, order_corners(read.crop.quad)))
        ordered = reading_order(lines, [polygon_to_box(line.bbox) for line in lines])
        return [_on_page(line, turns, width, height) for line in ordered]

    def _detect(self, bgr: npt.NDArray[np.uint8]) -> list[Crop]:
        polygons = self._detector.predict(bgr)[0]["dt_polys"]
        return [crop for polygon in polygons if (crop := cut(bgr, np.asarray(polygon))) is not None]

    def _recognise(self, crops: Sequence[Crop], recogniser: Any) -> list[Read]:
        """Read crops. They go in by aspect ratio: batches waste less padding, and paddlex's column counts need it."""
        order = sorted(range(len(crops)), key=lambda i: crops[i].pixels.shape[1] / crops[i].pixels.shape[0])
        found: dict[int, Read] = {}
        if order:
            images = [crops[i].pixels for i in order]
            for i, result in zip(
                order, recogniser.predict(images, batch_size=_BATCH, return_word_box=True), strict=True
            ):
                _, (count, groups, columns, _, scores) = result["rec_text"]
                found[i] = Read(
                    crop=crops[i],
                    characters=tuple(character for group in groups for character in group),
                    columns=tuple(column for group in columns for column in group),
                    scores=tuple(scores),
                    count=float(count),
                    score=float(result["rec_score"]),
                )
        return [found[i] for i in range(len(crops))]

    def _upside_down(self, reads: Sequence[Read], recogniser: Any) -> bool:
        """Whether a doubtful page's longest lines read clearly better when turned by 180 degrees."""
        if not reads or mean_score(reads) >= _DOUBTFUL:
            return False
        longest = sorted(reads, key=lambda r: r.crop.pixels.shape[1] / r.crop.pixels.shape[0], reverse=True)[:_SAMPLE]
        turned = self._recognise([read.crop.turned() for read in longest], recogniser)
        return mean_score(turned) > mean_score(longest) + _CLEARLY_BETTER

    def _turn_lines(self, reads: list[Read], recogniser: Any) -> list[Read]:
        """Read doubtful lines upside down too and keep the clearly better reading."""
        doubtful = [i for i, read in enumerate(reads) if read.score < _DOUBTFUL_LINE]
        turned = self._recognise([reads[i].crop.turned() for i in doubtful], recogniser)
        for i, read in zip(doubtful, turned, strict=True):
            better = read.score > max(_SURE_LINE, reads[i].score + _CLEARLY_BETTER)
            if better and len(read.characters) >= _SURE_LENGTH:
                reads[i] = read
        return reads

    def _ask_second(self, reads: list[Read], second: Any) -> list[Read]:
        """Have doubtful lines read by the other recogniser, too."""
        doubtful = [i for i, read in enumerate(reads) if is_doubtful(read)]
        others = self._recognise([reads[i].crop for i in doubtful], second)
        for i, other in zip(doubtful, others, strict=True):
            reads[i] = settle(reads[i], other, known(second))
        return reads


def _on_page(line: Line, turns: int, width: int, height: int) -> Line:
    """A line found on the turned page, in the coordinates of the page as it was sent."""

    def back(polygon: Any) -> Any:
        return clamp(unrotate(polygon, turns, width, height), width, height)

    return replace(line, bbox=back(line.bbox), words=tuple(replace(word, bbox=back(word.bbox)) for word in line.words))


def _quiet() -> None:
    """Paddlex prints a coloured line for every model it makes; only its warnings are of use here."""
    import logging

    logging.getLogger("paddlex").setLevel(logging.WARNING)
