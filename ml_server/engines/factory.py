"""Which engines there are, which can run here, and which one ``auto`` means."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from ml_server.engine_info import EngineInfo
from ml_server.engines.base import EngineConfig, OCREngine
from ml_server.engines.extractors import ExtractorFactory
from ml_server.errors import EngineUnavailable, UnknownEngine
from ml_server.languages import Language, canonical

AUTO = "auto"

_ENGINES = {
    "paddle": ("ml_server.engines.paddle_engine", "PaddleEngine"),
    "tesseract": ("ml_server.engines.tesseract_engine", "TesseractEngine"),
    "easyocr": ("ml_server.engines.easyocr_engine", "EasyOCREngine"),
    "vlm": ("ml_server.engines.vlm_engine", "VLMEngine"),
    "mock": ("ml_server.engines.mock_engine", "MockEngine"),
}
"""Name → module and class, the most accurate first: ``auto`` takes the first that reads the language."""

_NEVER_AUTO = frozenset({"mock", "vlm"})


class OCREngineFactory:
    """Makes engines by name. Their modules are imported when first named, their frameworks when constructed."""

    @staticmethod
    def names() -> tuple[str, ...]:
        """Every engine's name, the one ``auto`` prefers first."""
        return tuple(_ENGINES)

    @staticmethod
    def engine_class(name: str) -> type[OCREngine]:
        """The class behind a name.

        Raises:
            UnknownEngine: no such name, or an extractor's; the message lists the names.
        """
        if name not in _ENGINES:
            known = ", ".join((AUTO, *_ENGINES))
            if name in ExtractorFactory.names():
                raise UnknownEngine(
                    f"{name} is no OCR engine: it finds keys and values in what an OCR engine has read, and is asked "
                    f"for by extract_key_values; engines to read with: {known}",
                    field="engine",
                )
            raise UnknownEngine(f"unknown engine {name[:40]!r}; known: {known}", field="engine")
        module, attribute = _ENGINES[name]
        found: type[OCREngine] = getattr(importlib.import_module(module), attribute)
        return found

    @classmethod
    def create(cls, name: str, config: EngineConfig) -> OCREngine:
        """Construct an engine, which imports its framework and loads its weights.

        Raises:
            UnknownEngine: no such name.
            EngineUnavailable: its package or weights are missing; the message names the install command.
        """
        return cls.engine_class(name)(config)

    @classmethod
    def available(cls, config: EngineConfig) -> list[EngineInfo]:
        """What is here for every engine, the unavailable ones with the reason and the install command."""
        return [cls.engine_class(name).describe(config) for name in _ENGINES]

    @classmethod
    def pick(cls, name: str, languages: tuple[Language, ...], infos: Sequence[EngineInfo]) -> str:
        """The engine that a request gets.

        Args:
            name: ``auto``, or an engine's name, which is checked and returned.
            languages: what it must read.
            infos: from :meth:`available`.

        Raises:
            UnknownEngine: no such name.
            EngineUnavailable: the engine, or for ``auto`` every engine, lacks packages or weights for the languages.
        """
        by_name = {info.name: info for info in infos}
        if name != AUTO:
            kind, info = cls.engine_class(name), by_name[name]
            if not info.available:
                raise EngineUnavailable(
                    f"engine {name} is not available here: {info.reason}; install it with: {info.install}",
                    field="engine",
                )
            kind.check_languages(languages, info)
            return name
        for candidate in _ENGINES:
            info = by_name[candidate]
            if candidate not in _NEVER_AUTO and info.available and cls.engine_class(candidate).reads(languages, info):
                return candidate
        remedies = (cls.engine_class(n).install_for(languages) for n in _ENGINES if n not in _NEVER_AUTO)
        commands = "; ".join(dict.fromkeys(filter(None, remedies)))
        raise EngineUnavailable(
            f"no engine here reads {canonical(languages)}; install one with: {commands}", field="language"
        )
