"""The OpenAI-compatible server that runs the model: is it up, what does it serve, and what does it say.

Two calls are all there is, so they are made with httpx, which is here already; a client library would bring retries
that know nothing of a page's deadline. An object of this module may be used by several threads at a time.
"""

from __future__ import annotations

import re
import ssl
import time
import weakref
from dataclasses import dataclass
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_before_delay, wait_exponential

from ml_server.engines.vlm.options import VLMOptions
from ml_server.engines.vlm.patience import FewFailures, as_told, passes
from ml_server.engines.vlm.refusals import refusal
from ml_server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, MLServerError, NotReady
from ml_server.logs import get_logger

_CONNECT_S = 10.0
_PROBE_S = 10.0
_POLL_S = 2.0

_PASSWORD = re.compile(r"//[^/@]*@")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """Attributes: its name in requests; where the server has it from; most tokens of prompt and answer together."""

    name: str
    root: str = ""
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Attributes: what the model wrote; whether it was cut off at its limit; the answer's length in tokens."""

    text: str
    cut_off: bool
    tokens: int


class ModelServer:
    """One server.

    Args:
        options: address, key, certificate and patience.

    Attributes:
        address: for people, without the password that may be in it.
    """

    def __init__(self, options: VLMOptions) -> None:
        self._options = options
        self._base = base_url(options.url)
        self.address = _PASSWORD.sub("//", self._base)
        verify: ssl.SSLContext | bool = True
        if options.ca_file is not None:
            try:
                verify = ssl.create_default_context(cafile=options.ca_file)
            except (OSError, ssl.SSLError) as error:
                raise EngineUnavailable(f"the CA file {options.ca_file} cannot be read: {error}") from error
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {options.api_key}"} if options.api_key else {},
            verify=verify,
            limits=httpx.Limits(max_connections=options.concurrency + 1),
        )
        self._end = weakref.finalize(self, self._http.close)  # a pipeline in one process drops its engines unclosed
        self._log = get_logger("ml_server.vlm").bind(server=self.address)

    def model(self) -> ServedModel:
        """The model to ask; waits for a server that is not up or still loading.

        Raises:
            EngineUnavailable: the server refuses the key, serves no such model or is no such server.
            NotReady: not up, or without any model, after ``wait_s`` seconds.
        """
        deadline = time.monotonic() + self._options.wait_s
        waiting = Retrying(
            retry=retry_if_exception(passes),
            stop=stop_before_delay(self._options.wait_s),
            wait=wait_exponential(multiplier=0.1, max=_POLL_S),
            before_sleep=self._waiting,
            reraise=True,
        )
        try:
            return self._chosen(waiting(self._models, deadline))
        except MLServerError as error:
            if not (passes(error) or isinstance(error, DeadlineExceeded)):
                raise
            raise NotReady(
                f"the model server did not come up within {self._options.wait_s:g} s: {error.message}", retry_after_s=5
            ) from error

    def ask(self, model: ServedModel, prompt: str, picture_url: str, **sampling: float) -> Reply:
        """What the model says to a picture and a prompt. What may be over in a moment is tried again.

        Args:
            model: from :meth:`model`.
            prompt: text after the picture.
            picture_url: a data URL.
            sampling: further fields: ``max_tokens``, ``temperature``, and ``deadline`` (``time.monotonic()``), after
                which nothing is begun any more.

        Raises:
            DeadlineExceeded: no answer in time.
            EngineFailed: the server refuses the request, fails at it several times, or answers nonsense or nothing.
            EngineUnavailable: the server refuses the key or does not know the model.
            NotReady: the server cannot be reached, each time.
            ServerBusy: the server has no room, each time.
        """
        deadline = sampling.pop("deadline", time.monotonic() + self._options.timeout_s)
        picture = {"type": "image_url", "image_url": {"url": picture_url}}
        content = [picture, {"type": "text", "text": prompt}]
        body = {"model": model.name, "messages": [{"role": "user", "content": content}], **sampling}
        trying = Retrying(
            retry=retry_if_exception(FewFailures()),
            stop=stop_before_delay(max(0.0, deadline - time.monotonic())),
            wait=as_told,
            before_sleep=self._trying_again,
            reraise=True,
        )
        try:
            return trying(self._reply, body, deadline)
        except EngineFailed as error:
            raise EngineFailed(error.message) from error  # for our callers the page has failed, for good

    def close(self) -> None:
        """End the connections."""
        self._end()

    def _models(self, deadline: float) -> list[ServedModel]:
        listed = self._call("GET", "/models", None, deadline, _PROBE_S)
        data = listed.get("data", ...) if isinstance(listed, dict) else ...
        if not isinstance(data, list | None):
            raise EngineUnavailable(f"{self.address}/models lists no models; is ML_SERVER_VLM_URL right?")
        models = [
            ServedModel(str(each["id"]), str(each.get("root") or ""), _whole(each.get("max_model_len")))
            for each in data or ()
            if isinstance(each, dict) and "id" in each
        ]
        if not models:  # servers that answer before they have loaded anything
            raise NotReady(f"{self.address} serves no model yet", retry_after_s=1)
        return models

    def _reply(self, body: Any, deadline: float) -> Reply:
        said = self._call("POST", "/chat/completions", body, deadline)
        try:
            choice = said["choices"][0]
            message, why = choice["message"], choice.get("finish_reason")
            text = str(message.get("content") or "")
            tokens = _whole((said.get("usage") or {}).get("completion_tokens")) or 0
            refused = message.get("refusal")
        except (AttributeError, KeyError, IndexError, TypeError) as error:
            raise EngineFailed(f"{self.address} answered without a choice: {str(said)[:200]}") from error
        if why == "abort":  # what vLLM tells those it was still answering when it was stopped
            raise NotReady(f"{self.address} stopped before its answer was whole", retry_after_s=1)
        if refused or why == "content_filter":
            raise EngineFailed(f"{self.address} withheld its answer: {refused or 'content filter'}")
        if why == "length" and not text.strip():
            raise EngineFailed(
                f"the model wrote nothing before its limit of {tokens} tokens; if it is one that thinks first, its "
                "thoughts are to be switched off"
            )
        return Reply(text, why == "length", tokens)

    def _call(self, method: str, path: str, body: Any, deadline: float, limit_s: float | None = None) -> Any:
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded(f"{self.address} did not answer within {self._options.timeout_s:g} s")
        timeout = httpx.Timeout(min(left, limit_s or left), connect=min(left, _CONNECT_S))
        try:
            answer = self._http.request(method, self._base + path, json=body, timeout=timeout)
        except httpx.ConnectTimeout as error:
            raise NotReady(
                f"{self.address} cannot be reached: {error or 'no connection in time'}", retry_after_s=1
            ) from error
        except httpx.TimeoutException as error:
            if limit_s is not None:
                raise NotReady(f"{self.address} does not answer", retry_after_s=1) from error
            raise DeadlineExceeded(f"{self.address} did not answer within {self._options.timeout_s:g} s") from error
        except httpx.TransportError as error:
            raise NotReady(f"{self.address} cannot be reached: {error}", retry_after_s=1) from error
        except httpx.InvalidURL as error:
            raise EngineUnavailable(f"{self.address} is no URL: {error}") from error
        if answer.is_success:
            try:
                return answer.json()
            except ValueError:
                return answer.text[:200]  # no answer of a model server; callers look at what they get
        raise refusal(self.address, path, answer)

    def _chosen(self, models: list[ServedModel]) -> ServedModel:
        wanted = self._options.model
        names = ", ".join(model.name for model in models) or "none"
        if wanted:
            found = next((model for model in models if model.name == wanted), None)
            if found is None:
                raise EngineUnavailable(f"{self.address} does not serve {wanted!r}; it serves: {names}")
            return found
        if len(models) != 1:
            raise EngineUnavailable(f"{self.address} serves {names}; say which one in ML_SERVER_VLM_MODEL")
        return models[0]

    def _waiting(self, state: RetryCallState) -> None:
        self._log.info("waiting_for_the_model_server", attempt=state.attempt_number, error=_error(state))

    def _trying_again(self, state: RetryCallState) -> None:
        self._log.warning(
            "asking_again", attempt=state.attempt_number, error=_error(state), in_s=round(state.upcoming_sleep, 2)
        )


def base_url(url: str) -> str:
    """The address that paths are put after: with ``/v1``, whether or not the operator wrote it."""
    plain = url.strip().rstrip("/").removesuffix("/chat/completions").removesuffix("/models")
    return plain if plain.endswith("/v1") or "/v1/" in plain else f"{plain}/v1"


def _error(state: RetryCallState) -> str:
    return str(state.outcome.exception()) if state.outcome else ""


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
