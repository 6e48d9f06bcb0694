"""Vision-language models that another server runs: dots.ocr, PaddleOCR-VL and the like behind vLLM.

Nothing is loaded here. The engine sends a page as a picture to a server with the OpenAI-compatible API, such as vLLM's,
and makes blocks, lines and words of what the model writes. It needs no core of this machine; a few light processes
wait for as many pages at a time as ``ML_SERVER_VLM_CONCURRENCY`` allows. ``auto`` never picks it, but where it is the
server's own ``ML_SERVER_ENGINE``.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ml_server import logs
from ml_server.document import OCRPage, Page
from ml_server.engine_info import EngineInfo
from ml_server.engines.base import EngineConfig, OCREngine, ReadOptions
from ml_server.engines.vlm.answers import read_answer
from ml_server.engines.vlm.lines import lines_of
from ml_server.engines.vlm.options import VLMOptions
from ml_server.engines.vlm.pictures import picture
from ml_server.engines.vlm.prompts import FAMILIES, family_of, mode_of
from ml_server.engines.vlm.reading import Frame, Reading
from ml_server.errors import EngineUnavailable, MLServerError
from ml_server.languages import LANGUAGES, canonical
from ml_server.outcomes import outcomes

if TYPE_CHECKING:
    from ml_server.engines.vlm.server import ServedModel

_TRIES = 2
"""Of an answer that is malformed or repeats itself; the second is sampled more freely, or it would be the same."""

_FREER = 0.4
_PIXELS_A_TOKEN = 28 * 28
_PROMPT_TOKENS = 512
"""More than any prompt of ours has, and what a server puts around it."""

_LEAST_TOKENS = 256
"""Asked for even where there seems to be less room: models cut pictures differently, and a server says so if not."""


@dataclass(frozen=True, slots=True)
class _Setup:
    """Attributes: the model; the mode's name; pixels of a picture at most."""

    model: ServedModel
    mode: str
    max_pixels: int


class VLMEngine(OCREngine):
    """Asks one model of one server.

    Raises:
        EngineUnavailable: no server is configured, it refuses us, or it does not serve the model.
        NotReady: the server has not come up in ``ML_SERVER_VLM_WAIT_S``.
    """

    name = "vlm"
    install = (
        "pip install 'ml_server[vlm]', a model server such as `vllm serve rednote-hilab/dots.ocr --trust-remote-code "
        "--chat-template-content-format string`, and ML_SERVER_VLM_URL=http://HOST:8000"
    )
    remote = True
    batches = True

    def __init__(self, config: EngineConfig) -> None:
        info = self.describe(config)
        if not info.available:
            raise EngineUnavailable(f"engine vlm is not available here: {info.reason}; set it up with: {self.install}")
        from ml_server.engines.vlm.server import ModelServer

        options = config.vlm
        self._options = options
        self._server = ModelServer(options)
        try:
            model = self._server.model()
            self._family = family_of(options.family, model.name, model.root)
            mode, self._mode = mode_of(options.prompt, self._family)
        except BaseException:
            self._server.close()
            raise
        most = self._mode.max_pixels or self._family.max_pixels
        self._setup = _Setup(model, mode, min(options.max_pixels or most, most))
        self._threads = ThreadPoolExecutor(options.concurrency, thread_name_prefix="vlm")
        self._log = logs.get_logger("ml_server.vlm").bind(model=model.name)
        self._log.info("model_server_ready", server=self._server.address, family=self._family.name, mode=mode)

    @classmethod
    def describe(cls, config: EngineConfig) -> EngineInfo:
        """See the base class. Whether the configured server is up is seen when the engine is loaded."""
        reason = _fault(config.vlm)
        return EngineInfo(
            name=cls.name,
            available=not reason,
            reason=reason,
            install=cls.install if reason else "",
            languages=() if reason else tuple(language.name for language in LANGUAGES),
            weights="" if reason else f"{config.vlm.model or 'a model'} served by {urlsplit(config.vlm.url).hostname}",
            license="" if reason else "the served model's: MIT for dots.ocr, Apache-2.0 for PaddleOCR-VL",
            version="1",
        )

    def read(self, pages: Sequence[Page], options: ReadOptions) -> list[OCRPage]:
        """See the base class. Several pages are read side by side.

        Raises:
            InvalidImage: a page too slender for the model.
            MLServerError: as :meth:`ml_server.engines.vlm.server.ModelServer.ask`.
        """
        if len(pages) == 1:
            return [self._read(pages[0], options)]
        return list(self._threads.map(lambda page: self._read(page, options), pages))

    def attempt(
        self, run: Callable[[Sequence[Page]], list[OCRPage]], pages: Sequence[Page]
    ) -> list[OCRPage | MLServerError]:
        """See the base class. Side by side and each for itself: one that fails sends no other to the model again."""
        return list(self._threads.map(lambda page: outcomes(run, [page], f"engine {self.name}")[0], pages))

    def _read(self, page: Page, options: ReadOptions) -> OCRPage:
        found = self._ask(page)
        return OCRPage(
            lines=lines_of(found.blocks),
            width=page.width,
            height=page.height,
            language=canonical(options.languages),
            engine=self.name,
            model_version=f"{self._setup.model.name} ({self._family.name}, {self._setup.mode})",
            number=page.number,
            blocks=found.blocks,
            warnings=found.warnings,
        )

    def _ask(self, page: Page) -> Reading:
        """The first answer that is sound, or the one that says most."""
        setup, deadline = self._setup, time.monotonic() + self._options.timeout_s
        sent = picture(page, self._family, setup.max_pixels, self._options.image_format, self._mode.double_below)
        size = (1000.0, 1000.0) if self._family.thousandths else (float(sent.width), float(sent.height))
        frame = Frame(*size, page.width, page.height)
        sampling = {"deadline": deadline} | self._most_tokens(sent.width * sent.height)
        if self._mode.special_tokens:
            sampling["skip_special_tokens"] = False
        readings: list[Reading] = []
        for attempt in range(_TRIES):
            temperature = self._family.temperature + attempt * _FREER
            try:
                reply = self._server.ask(
                    setup.model, self._family.prefix + self._mode.prompt, sent.url, temperature=temperature, **sampling
                )
            except MLServerError:
                if not readings:
                    raise
                break  # an answer that is not sound is better than none
            found = read_answer(reply.text, self._mode.answer, frame, cut_off=reply.cut_off)
            readings.append(found)
            if not found.spoilt:
                return found
            self._log.warning("answer_spoilt", attempt=attempt + 1, tokens=reply.tokens, warnings=found.warnings)
        return max(readings, key=lambda reading: (len(reading.blocks), sum(len(b.text) for b in reading.blocks)))

    def _most_tokens(self, pixels: int) -> dict[str, float]:
        """How long the answer may get: no longer than the server has room for after picture and prompt."""
        wanted, window = self._options.max_tokens, self._setup.model.max_tokens
        if not wanted:
            return {}
        room = wanted if window is None else window - pixels // _PIXELS_A_TOKEN - _PROMPT_TOKENS
        return {"max_tokens": min(wanted, max(_LEAST_TOKENS, room))}

    def close(self) -> None:
        """End threads and connections; the end of a process does the same."""
        self._threads.shutdown()
        self._server.close()


def _fault(options: VLMOptions) -> str:
    """What is wrong with the set-up, as far as that shows without asking the server; empty for nothing."""
    if importlib.util.find_spec("json_repair") is None:
        return "package json_repair is not installed"
    if not options.url:
        return "no model server is configured (ML_SERVER_VLM_URL)"
    try:
        parts = urlsplit(options.url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half an IPv6 address
        sound = False
    if not sound:
        return "ML_SERVER_VLM_URL is no http:// or https:// address"
    if not (options.api_key.isascii() and options.api_key.isprintable()):
        return "ML_SERVER_VLM_API_KEY has characters that no key has, such as a line break"
    if options.family not in ("auto", *FAMILIES):
        return f"unknown ML_SERVER_VLM_FAMILY; known: auto, {', '.join(FAMILIES)}"
    return ""
