"""The OpenAI-compatible server that runs the model: is it up, what does it serve, and what does it say.

Two calls are all there is, so they are made with httpx, which is here already; a client library would bring retries
that know nothing of a page's deadline. An object of this module may be used by several threads at a time.
"""

from __future__ import annotations

import ssl
import time
import weakref
from dataclasses import dataclass
from typing import Any

import httpx
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_before_delay,
    wait_exponential,
    wait_random,
)

from ml_server.engines.vlm.options import VLMOptions
from ml_server.errors import DeadlineExceeded, EngineFailed, EngineUnavailable, MLServerError, NotReady, ServerBusy
from ml_server.logs import get_logger

_BACKOFF = wait_exponential(multiplier=0.25, max=10) + wait_random(0, 0.5)
_CONNECT_S = 10.0
_PROBE_S = 10.0
_POLL_S = 2.0
_PASSING = frozenset({408, 425, 500, 502, 503, 504})
"""Statuses that may be over in a moment, besides 429."""


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
    """

    def __init__(self, options: VLMOptions) -> None:
        self._options = options
        self.address = base_url(options.url)
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
            NotReady: not up after ``wait_s`` seconds.
        """
        waiting = Retrying(
            retry=retry_if_exception_type((NotReady, ServerBusy)),
            stop=stop_before_delay(self._options.wait_s),
            wait=wait_exponential(multiplier=0.1, max=_POLL_S),
            before_sleep=self._waiting,
            reraise=True,
        )
        try:
            listed = waiting(self._call, "GET", "/models", None, time.monotonic() + self._options.wait_s, _PROBE_S)
        except (NotReady, ServerBusy, DeadlineExceeded) as error:
            raise NotReady(
                f"the model server did not come up within {self._options.wait_s:g} s: {error.message}", retry_after_s=5
            ) from error
        models = [
            ServedModel(str(each["id"]), str(each.get("root") or ""), _whole(each.get("max_model_len")))
            for each in (listed.get("data") if isinstance(listed, dict) else None) or ()
            if isinstance(each, dict) and "id" in each
        ]
        return self._chosen(models)

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
            EngineFailed: the server refuses the request or answers nonsense.
            EngineUnavailable: the server refuses the key or does not know the model.
            NotReady: the server cannot be reached or fails, each time.
            ServerBusy: the server has no room, each time.
        """
        deadline = sampling.pop("deadline", time.monotonic() + self._options.timeout_s)
        picture = {"type": "image_url", "image_url": {"url": picture_url}}
        content = [picture, {"type": "text", "text": prompt}]
        body = {"model": model.name, "messages": [{"role": "user", "content": content}], **sampling}
        trying = Retrying(
            retry=retry_if_exception_type((NotReady, ServerBusy)),
            stop=stop_before_delay(max(0.0, deadline - time.monotonic())),
            wait=_as_told,
            before_sleep=self._trying_again,
            reraise=True,
        )
        said = trying(self._call, "POST", "/chat/completions", body, deadline)
        try:
            choice = said["choices"][0]
            text = choice["message"]["content"] or ""
            tokens = _whole((said.get("usage") or {}).get("completion_tokens")) or 0
            return Reply(str(text), choice.get("finish_reason") == "length", tokens)
        except (KeyError, IndexError, TypeError) as error:
            raise EngineFailed(f"{self.address} answered without a choice: {str(said)[:200]}") from error

    def close(self) -> None:
        """End the connections."""
        self._end()

    def _call(self, method: str, path: str, body: Any, deadline: float, limit_s: float | None = None) -> Any:
        left = deadline - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded(f"{self.address} did not answer within {self._options.timeout_s:g} s")
        timeout = httpx.Timeout(min(left, limit_s or left), connect=min(left, _CONNECT_S))
        try:
            answer = self._http.request(method, self.address + path, json=body, timeout=timeout)
        except httpx.ConnectTimeout as error:
            raise NotReady(f"{self.address} cannot be reached: {error or 'no connection in time'}") from error
        except httpx.TimeoutException as error:
            if limit_s is not None:
                raise NotReady(f"{self.address} does not answer") from error
            raise DeadlineExceeded(f"{self.address} did not answer within {self._options.timeout_s:g} s") from error
        except httpx.TransportError as error:
            raise NotReady(f"{self.address} cannot be reached: {error}", retry_after_s=1) from error
        except httpx.InvalidURL as error:
            raise EngineUnavailable(f"{self.address} is no URL: {error}") from error
        if answer.is_success:
            try:
                return answer.json()
            except ValueError as error:
                raise EngineFailed(f"{self.address}{path} answered something that is not JSON") from error
        raise self._refusal(path, answer)

    def _refusal(self, path: str, answer: httpx.Response) -> MLServerError:
        status, said = answer.status_code, _message(answer)
        wait_s = _seconds(answer.headers.get("retry-after", ""))
        if status == 429:
            return ServerBusy(f"{self.address} has no room: {said}", retry_after_s=1 if wait_s is None else wait_s)
        if status in _PASSING:
            return NotReady(f"{self.address} answered {status}: {said}", retry_after_s=1 if wait_s is None else wait_s)
        if status in (401, 403):
            return EngineUnavailable(f"{self.address} refuses the key, ML_SERVER_VLM_API_KEY ({status}): {said}")
        if status == 404:
            return EngineUnavailable(f"{self.address}{path} is not there; is ML_SERVER_VLM_URL right? {said}")
        return EngineFailed(f"{self.address} refused the page ({status}): {said}")

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


def _as_told(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    told = error.retry_after_s if isinstance(error, MLServerError) else None
    return max(told or 0.0, _BACKOFF(state))


def _error(state: RetryCallState) -> str:
    return str(state.outcome.exception()) if state.outcome else ""


def _message(answer: httpx.Response) -> str:
    """What the server says of a refusal: vLLM has it in ``message`` or ``error.message``, others in ``detail``."""
    try:
        body = answer.json()
        error = body.get("error", body)
        found = error.get("message") or error.get("detail") if isinstance(error, dict) else error
    except (ValueError, AttributeError):
        found = None
    return str(found or answer.text).strip()[:300]


def _seconds(header: str) -> float | None:
    """What a Retry-After header asks for; None for none, and for a date, which model servers do not send."""
    return float(header) if header.strip().isdigit() else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
