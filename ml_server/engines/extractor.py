"""What a key–value extractor is: pages that were read go in, entities and pairs come out. It never sees pixels.

Like an OCR engine it lives in one process, is called by one thread at a time and keeps no per-call state.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from ml_server.document import OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.key_value import KeyValuePage


@dataclass(frozen=True, slots=True)
class ExtractorConfig:
    """How to construct an extractor.

    Attributes:
        model: a folder, a BentoML model tag (``name:version``) or a hub name; empty for the shipped model.
        device: ``cpu`` or ``gpu``.
        threads: CPU threads it may use, at least 1.
        allow_noncommercial: load weights whose model card forbids commercial use, or names no licence.
    """

    model: str = ""
    device: str = "cpu"
    threads: int = 1
    allow_noncommercial: bool = False


class KeyValueExtractor(ABC):
    """Base of the extractors.

    Attributes:
        name: in settings, metrics and ``ml-server engines``.
        install: the command that brings its packages.
        batches: as of :class:`OCREngine <ml_server.engines.base.OCREngine>`.
    """

    name: ClassVar[str]
    install: ClassVar[str]
    batches: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, config: ExtractorConfig) -> None:
        """Import the framework and load the weights.

        Raises:
            EngineUnavailable: a package or the weights are missing, or their licence is refused.
        """

    @classmethod
    @abstractmethod
    def describe(cls, config: ExtractorConfig) -> EngineInfo:
        """What is here, found without importing the framework; ``weights`` names the model, ``version`` its version."""

    @abstractmethod
    def extract(self, pages: Sequence[OCRPage]) -> list[KeyValuePage]:
        """Label and link the words of pages; one result per page, in the same order.

        A page without text gives a result without entities. Every word of a page is in exactly one entity.

        Raises:
            EngineFailed: the framework failed.
        """
