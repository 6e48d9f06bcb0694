"""``predict`` for tests: over the stand-in, and with a reader that starts no engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from stand_in import StandIn

from ml_server.clients import AsyncOCRClient
from ml_server.document import DocumentRequest, OCRPage
from ml_server.engine_info import EngineInfo
from ml_server.key_value import KeyValuePage
from ml_server.label_studio import patience, predict_passes
from ml_server.label_studio.predict import PredictReport
from ml_server.label_studio.predict_command import Passes, Watcher
from ml_server.label_studio.remote import Remote
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.settings import Settings

IMAGE = "data:image/png;base64,AAAA"


@dataclass
class FakeReader:
    """Reads blank pages, at once.

    Attributes:
        version: of its engine and its model.
        on_page: called before each page, and may raise.
        on_engines: called before a server is asked for its engines, and may raise.
        warnings_of: what is to be known of the page of a request, by its id.
    """

    version: str = "1"
    on_page: Callable[[DocumentRequest], None] = lambda request: None
    on_engines: Callable[[], None] = lambda: None
    warnings_of: dict[str, tuple[str, ...]] = field(default_factory=dict)
    settings: Settings = field(default_factory=lambda: Settings(engine="mock", shutdown_grace_s=0.1))

    async def wait_until_ready(self) -> None:
        """It is."""

    async def close(self) -> None:
        """Nothing is open."""

    def engines(self) -> list[EngineInfo]:
        every = ("korean", "english")
        return [EngineInfo("mock", True, languages=every, version=self.version),
                EngineInfo("model", True, version=self.version, kind="key_values")]  # fmt: skip

    async def extract_page(self, request: DocumentRequest) -> OCRPage:
        self.on_page(request)
        warnings = self.warnings_of.get(request.request_id, ())
        return OCRPage((), 40, 30, "korean", "mock", self.version, warnings=warnings)

    async def extract_key_values(self, request: DocumentRequest) -> AsyncGenerator[KeyValuePage, None]:
        page = await self.extract_page(request)
        yield replace(await self.understand(page), warnings=page.warnings)

    async def understand(self, page: OCRPage, timeout_s: float | None = None, model_version: str = "") -> KeyValuePage:
        return KeyValuePage((), (), (), page.width, page.height, "korean", "mock", "1", model_version=self.version)


class _Server:
    """What :class:`Remote` asks a server for."""

    def __init__(self, reader: FakeReader) -> None:
        self._reader = reader

    async def engines(self) -> list[EngineInfo]:
        self._reader.on_engines()
        return self._reader.engines()

    async def extract_text(self, data: bytes, **options: Any) -> OCRPage:
        return await self._reader.extract_page(DocumentRequest(data, "korean", "mock"))


@dataclass
class Stage:
    """Attributes are what a test changes or looks at.

    Attributes:
        studio: the Label Studio.
        reader: who reads.
        passed: reports of the passes so far, and the version of each.
        said: what the user was told.
        stop: ends it.
        on_pass: called after each pass.
    """

    folder: Path
    studio: StandIn
    reader: FakeReader = field(default_factory=FakeReader)
    passed: list[tuple[PredictReport, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    on_pass: Callable[[], None] = lambda: None

    async def predict(self, predict: str = "ocr", **asked: Any) -> PredictReport:
        """Run it."""

        def told(report: PredictReport, version: str, path: Path) -> None:
            self.passed.append((report, version))
            self.on_pass()

        settings = LabelStudioSettings.model_validate({"predict": predict, "engine": "mock", "language": "korean"})
        return await predict_passes.predict(
            Passes(1, attempts=1, down_s=0.0, state=self.folder, **asked), settings, self.reader.settings,
            Watcher(lambda done, total: None, told, self.said.append), self.stop,
        )  # fmt: skip


def stage(monkeypatch: pytest.MonkeyPatch, folder: Path, tasks: int) -> Stage:
    """A project with so many tasks."""
    studio = StandIn(tasks)
    for task in studio.tasks.values():
        task["data"]["image"] = IMAGE
    found = Stage(folder, studio)

    @asynccontextmanager
    async def remote(addresses: Sequence[str], settings: Settings) -> AsyncGenerator[Remote, None]:
        server = cast("AsyncOCRClient", _Server(found.reader))
        yield Remote(settings, [server], found.reader.engines())

    monkeypatch.setattr(patience, "_FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(patience, "_PAUSE_DOWN_S", 0.001)
    monkeypatch.setattr(predict_passes, "LabelStudio", lambda settings: studio.client())
    monkeypatch.setattr(predict_passes, "Pipeline", lambda settings: found.reader)
    monkeypatch.setattr(predict_passes, "remote", remote)
    return found
