"""What every OCR engine is: pages in, pages out. It knows no request, path or wire.

An engine object lives in one process and is called by one thread at a time (see ``replicas``); it keeps no per-call
state. Heavy imports happen in its constructor, so importing any module of ``ml_server.engines`` is cheap.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from ml_server.document import OCRPage, Page
from ml_server.engine_info import EngineInfo
from ml_server.engines.vlm.options import VLMOptions
from ml_server.errors import EngineUnavailable, MLServerError
from ml_server.languages import Language, canonical
from ml_server.outcomes import outcomes


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How to construct an engine; the same for all of them, each reads what concerns it.

    Attributes:
        languages: loaded by the constructor, so that the first page does not wait; others load when first asked for.
        device: ``cpu`` or ``gpu``.
        threads: CPU threads one replica may use, at least 1.
        model_dir: a folder of weights to look in first; None for the engine's own places.
        paddle_backend: ``onnxruntime``, ``openvino``, ``paddle`` (needs paddlepaddle), or ``auto``: OpenVINO where it
            is installed and the CPU multiplies bfloat16, else ONNX Runtime.
        detection_side: pixels; the paddle engine looks for lines on pages scaled down to this longest side, and reads
            them at full size. 0 for no limit.
        mock_delay_s: seconds the mock engine takes for a page.
        mock_failure: how the mock engine fails: ``""``, ``raise``, ``crash`` or ``hang``.
        vlm: which model server the vision-language engine asks, and how.
        layout: whether a layout model gives blocks to engines that find none.
    """

    languages: tuple[Language, ...]
    device: str = "cpu"
    threads: int = 1
    model_dir: Path | None = None
    paddle_backend: str = "auto"
    detection_side: int = 1536
    mock_delay_s: float = 0.0
    mock_failure: str = ""
    vlm: VLMOptions = field(default_factory=VLMOptions)
    layout: bool = False


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Per-call options of :meth:`OCREngine.read`.

    Attributes:
        languages: at least one.
        use_angle_cls: also read pages and lines turned by 90, 180 or 270 degrees.
        max_pixels: larger pages are read scaled down to so many pixels; 0 for as they are. See ``scaling``, which
            does both before an engine gets the page.
        enlarge_below: pages of at most so many pixels are read enlarged; 0 for none.
    """

    languages: tuple[Language, ...]
    use_angle_cls: bool = True
    max_pixels: int = 0
    enlarge_below: int = 0


class OCREngine(ABC):
    """Base of the engines.

    Attributes:
        name: as callers ask for it.
        install: the command that brings its package and weights.
        remote: whether another server does the work, so that it has no part in this machine's cores, and one call takes
            several pages at a time.
        batches: whether pages of one call are read together and not one after another, so that each costs less. Only
            then does a call get several.
    """

    name: ClassVar[str]
    install: ClassVar[str]
    remote: ClassVar[bool] = False
    batches: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, config: EngineConfig) -> None:
        """Import the framework and load the weights for ``config.languages``.

        Raises:
            EngineUnavailable: a package or the weights are missing; the message names the install command.
        """

    @classmethod
    @abstractmethod
    def describe(cls, config: EngineConfig) -> EngineInfo:
        """What is here for this engine, found without importing its framework (``find_spec`` and file look-ups)."""

    @classmethod
    def reads(cls, languages: tuple[Language, ...], info: EngineInfo) -> bool:
        """Whether the weights in ``info`` read all of ``languages`` together."""
        return {language.name for language in languages} <= set(info.languages)

    @classmethod
    def check_languages(cls, languages: tuple[Language, ...], info: EngineInfo) -> None:
        """Refuse languages whose weights are not here.

        Raises:
            EngineUnavailable: the message says what is missing and what to install.
        """
        if not cls.reads(languages, info):
            here, command = ", ".join(info.languages) or "none", cls.install_for(languages)
            remedy = "no weights of it do; ask for the languages one by one or for another engine"
            if command:
                remedy = f"to add them: {command}"
            raise EngineUnavailable(
                f"engine {cls.name} has no weights for {canonical(languages)} here (it reads: {here}); {remedy}",
                field="language",
            )

    @classmethod
    def install_for(cls, languages: tuple[Language, ...]) -> str:
        """How to get this engine and its weights for ``languages``, empty where no weights of it read them together.

        Engines refine it.
        """
        return cls.install

    @classmethod
    def replicas(cls, cores: int) -> int:
        """How many processes of this engine use ``cores`` best; one, unless the engine is single-threaded."""
        return 1

    @abstractmethod
    def read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        """Read pages; one result per page, in the same order. A blank page gives a result without lines.

        Lines come in reading order, unfiltered, each with its words; polygons lie inside the page.

        Raises:
            UnsupportedLanguage: no weights for a language asked for.
            EngineFailed: the framework failed; other exceptions of the framework are let through.
        """

    def attempt(
        self, run: Callable[[Sequence[Page]], list[OCRPage]], pages: Sequence[Page]
    ) -> list[OCRPage | MLServerError]:
        """Have pages read; one that fails gives its error in its place, see :func:`outcomes`.

        Args:
            run: calls :meth:`read`, with the pages it is given or with something made of them.
            pages: of one call.
        """
        return outcomes(run, pages, f"engine {self.name}")
