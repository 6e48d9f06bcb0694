"""The LayoutLM extractor: words that any OCR engine read → entities (SER) and the links between them (RE)."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import numpy.typing as npt

from ml_server.cores import openmp_threads
from ml_server.document import Entity, OCRPage, Relation, Word
from ml_server.engine_info import EngineInfo
from ml_server.engines.extractor import ExtractorConfig, KeyValueExtractor
from ml_server.engines.layoutlm import model_source
from ml_server.engines.layoutlm.tagging import OTHER, Span, decode, tags_of
from ml_server.engines.layoutlm.upright import upright_words
from ml_server.engines.layoutlm.words import PageWords, page_words
from ml_server.errors import EngineUnavailable, MLServerError
from ml_server.geometry import box_to_polygon, clamp, polygon_to_box
from ml_server.key_value import KeyValue, KeyValuePage

if TYPE_CHECKING:
    from ml_server.engines.layoutlm.inference import LabelledWords, Link

_PACKAGES = ("torch", "transformers", "tokenizers", "safetensors")
WordBoxes = tuple[Sequence[str], npt.NDArray[np.float64], tuple[int, int]]
"""n texts, their boxes in pixels (n, 4), the page's width and height."""


class LayoutLMExtractor(KeyValueExtractor):
    """LayoutLM for labels, a relation head for links."""

    name: ClassVar[str] = "layoutlm"
    install: ClassVar[str] = 'pip install "ml_server[layoutlm]"'
    batches: ClassVar[bool] = True

    def __init__(self, config: ExtractorConfig) -> None:
        """See :class:`KeyValueExtractor`."""
        missing = [package for package in _PACKAGES if importlib.util.find_spec(package) is None]
        if missing:
            raise EngineUnavailable(f"{', '.join(missing)} is not installed; install it with: {self.install}")
        import torch

        from ml_server.engines.layoutlm.inference import Predictor
        from ml_server.engines.layoutlm.model import load
        from ml_server.engines.layoutlm.tokenizer import load_tokenizer

        torch.set_num_threads(openmp_threads(config.threads))
        source = model_source.resolve(config.model, allow_noncommercial=config.allow_noncommercial)
        tokenizer = load_tokenizer(source.path)
        device = "cuda" if config.device == "gpu" else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            raise EngineUnavailable("device is gpu, but torch sees no CUDA device here")
        try:
            model = load(source.path)
            self._predictor = Predictor(model, tokenizer, device)
        except Exception as error:  # safetensors and torch raise their own, tokenizers bare ones
            raise EngineUnavailable(
                f"{source.path} cannot be loaded as a LayoutLM token classifier: {error}"
            ) from error
        self.model_version = source.version or model.ours.version

    @classmethod
    def describe(cls, config: ExtractorConfig) -> EngineInfo:
        """See :class:`KeyValueExtractor`."""
        missing = [package for package in _PACKAGES if importlib.util.find_spec(package) is None]
        if missing:
            return EngineInfo(cls.name, False, f"{', '.join(missing)} is not installed", cls.install, kind="key_values")
        try:
            source = model_source.resolve(config.model, allow_noncommercial=config.allow_noncommercial, download=False)
            package = version("transformers")
        except (MLServerError, PackageNotFoundError) as error:
            return EngineInfo(cls.name, False, str(error), kind="key_values")
        return EngineInfo(
            cls.name,
            True,
            languages=source.languages,
            weights=source.name,
            license=source.licence,
            version=f"{source.version} (transformers {package})".strip(),
            kind="key_values",
        )

    def extract(self, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        """See :class:`KeyValueExtractor`."""
        read = [[word for line in page.lines for word in line.words] for page in pages]
        seen = [upright_words(page) for page in pages]
        labelled = self._predictor.label(seen)
        return [self._page(*parts) for parts in zip(pages, read, seen, labelled, strict=True)]

    def label_words(self, pages: Sequence[WordBoxes]) -> list[list[str]]:
        """BIO tags of the entities that ``extract`` would give, a word each, in the order given; for evaluation."""
        seen = [page_words(texts, boxes, *size) for texts, boxes, size in pages]
        return [
            tags_of(len(page.texts), [(span.label, span.words) for span in self._decode(page, labelled)])
            for page, labelled in zip(seen, self._predictor.label(seen), strict=True)
        ]

    def link_entities(
        self, pages: Sequence[tuple[*WordBoxes, Sequence[tuple[str, tuple[int, ...]]]]]
    ) -> list[list[tuple[int, int, float]]]:
        """(head, tail, confidence) between entities that are given, as positions; for evaluation."""
        seen = [page_words(texts, boxes, *size) for texts, boxes, size, _ in pages]
        return [
            [(link.head, link.tail, link.confidence) for link in self._link(page, labelled, entities)]
            for page, labelled, (_, _, _, entities) in zip(seen, self._predictor.label(seen), pages, strict=True)
        ]

    def _link(
        self, page: PageWords, labelled: LabelledWords, entities: Sequence[tuple[str, Sequence[int]]]
    ) -> list[Link]:
        if self._predictor.model.relations is not None:
            return self._predictor.link(page, labelled, entities)
        from ml_server.engines.layoutlm.fallback import link_by_geometry

        return link_by_geometry(entities, page.boxes)

    def _decode(self, page: PageWords, labelled: LabelledWords) -> list[Span]:
        if not page.texts:
            return []
        best, sure = labelled.probabilities.argmax(1), labelled.probabilities.max(1)
        return decode([self._predictor.labels[i] for i in best], sure, page.boxes, page.aspect)

    def _page(self, page: OCRPage, words: Sequence[Word], seen: PageWords, labelled: LabelledWords) -> KeyValuePage:
        sure = labelled.probabilities.max(1) if words else np.zeros(0, np.float32)
        found = self._decode(seen, labelled)
        found += _others(page, {word for span in found for word in span.words}, sure)
        found.sort(key=lambda span: span.words[0])
        links = self._link(seen, labelled, [(span.label, span.words) for span in found])
        entities = tuple(_entity(span, words, page) for span in found)
        return KeyValuePage(
            entities=entities,
            relations=tuple(Relation(link.head, link.tail, link.confidence) for link in links),
            key_values=tuple(
                KeyValue(
                    key=entities[link.head].text,
                    value=entities[link.tail].text,
                    confidence=entities[link.head].confidence * link.confidence * entities[link.tail].confidence,
                    key_bbox=entities[link.head].bbox,
                    value_bbox=entities[link.tail].bbox,
                )
                for link in links
                if entities[link.tail].label == "ANSWER"
            ),
            width=page.width,
            height=page.height,
            language=page.language,
            ocr_engine=page.engine,
            ocr_model_version=page.model_version,
            model_version=self.model_version,
            number=page.number,
        )


def _others(page: OCRPage, taken: set[int], sure: npt.NDArray[np.floating]) -> list[Span]:
    """The words in no entity, as one OTHER for every run of them within a line."""
    found, start = [], 0
    for line in page.lines:
        places = range(start, start + len(line.words))
        start += len(line.words)
        for free, run in groupby(places, key=lambda word: word not in taken):
            words = tuple(run)
            if free:
                found.append(Span(OTHER, words, float(sure[list(words)].mean())))
    return found


def _entity(span: Span, words: Sequence[Word], page: OCRPage) -> Entity:
    own = tuple(words[i] for i in span.words)
    boxes = np.array([polygon_to_box(word.bbox) for word in own])
    around = (*boxes[:, :2].min(0).tolist(), *boxes[:, 2:].max(0).tolist())
    return Entity(
        label=span.label,
        text=" ".join(word.text for word in own),
        confidence=min(max(span.confidence, 0.0), 1.0),
        bbox=clamp(box_to_polygon(around), page.width, page.height),
        words=own,
    )
