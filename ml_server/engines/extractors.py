"""Which key–value extractors there are. A server has one, which its settings name."""

from __future__ import annotations

import importlib
from dataclasses import replace

from ml_server.engine_info import EngineInfo
from ml_server.engines.extractor import ExtractorConfig, KeyValueExtractor
from ml_server.errors import UnknownEngine

KIND = "key_values"
"""``EngineInfo.kind`` of an extractor."""

_EXTRACTORS = {
    "layoutlm": ("ml_server.engines.layoutlm.engine", "LayoutLMExtractor"),
    "mock": ("ml_server.engines.mock_extractor", "MockExtractor"),
}


class ExtractorFactory:
    """Makes extractors by name. Their modules are imported when first named, their frameworks when constructed."""

    @staticmethod
    def names() -> tuple[str, ...]:
        """Every extractor's name."""
        return tuple(_EXTRACTORS)

    @staticmethod
    def extractor_class(name: str) -> type[KeyValueExtractor]:
        """The class behind a name.

        Raises:
            UnknownEngine: no such name; the message lists the names.
        """
        if name not in _EXTRACTORS:
            raise UnknownEngine(f"unknown key–value extractor {name[:40]!r}; known: {', '.join(_EXTRACTORS)}")
        module, attribute = _EXTRACTORS[name]
        found: type[KeyValueExtractor] = getattr(importlib.import_module(module), attribute)
        return found

    @classmethod
    def create(cls, name: str, config: ExtractorConfig) -> KeyValueExtractor:
        """Construct an extractor, which imports its framework and loads its weights.

        Raises:
            UnknownEngine: no such name.
            EngineUnavailable: a package or the weights are missing, or their licence is refused.
        """
        return cls.extractor_class(name)(config)

    @classmethod
    def describe(cls, name: str, config: ExtractorConfig) -> EngineInfo:
        """What is here for an extractor, with the reason and the install command if it cannot be used.

        Raises:
            UnknownEngine: no such name.
        """
        return replace(cls.extractor_class(name).describe(config), kind=KIND)
