"""What it means that a model server answers with anything but success."""

from __future__ import annotations

import httpx

from ml_server.errors import EngineFailed, EngineUnavailable, MLServerError, NotReady, ServerBusy

_AWAY = frozenset({408, 425, 502, 503, 504})
"""Statuses of a server that is not there at the moment, or of a proxy in front of it."""


def refusal(address: str, path: str, answer: httpx.Response) -> MLServerError:
    """The error that an answer stands for.

    Args:
        address: of the server, for people.
        path: that was asked for.
        answer: without success.

    Returns:
        ServerBusy and NotReady for what passes by itself. EngineFailed for a request that is refused, and, with a
        ``retry_after_s``, for one at which the server itself failed. EngineUnavailable for a set-up that is wrong.
    """
    status, said = answer.status_code, _message(answer)
    wait_s = _seconds(answer.headers.get("retry-after", ""))
    if status == 429:
        return ServerBusy(f"{address} has no room: {said}", retry_after_s=1 if wait_s is None else wait_s)
    if status in _AWAY:
        return NotReady(f"{address} answered {status}: {said}", retry_after_s=1 if wait_s is None else wait_s)
    if status == 500:
        return EngineFailed(f"{address} failed (500): {said}", retry_after_s=0 if wait_s is None else wait_s)
    if status in (401, 403):
        return EngineUnavailable(f"{address} refuses the key, ML_SERVER_VLM_API_KEY ({status}): {said}")
    if status == 404:
        return EngineUnavailable(f"{address}{path} is not there; is ML_SERVER_VLM_URL right? {said}")
    if answer.is_redirect:
        elsewhere = answer.headers.get("location", "")
        return EngineUnavailable(f"{address}{path} is elsewhere: {elsewhere}; is ML_SERVER_VLM_URL right?")
    return EngineFailed(f"{address} refused the request ({status}): {said}")


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
