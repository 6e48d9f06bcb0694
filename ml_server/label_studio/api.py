"""Label Studio's HTTP API for asyncio: signed calls, JSON in and out, every failure one of our errors with its cause.

The official SDK is not used: it wants its own OpenCV, pandas and nltk in a server that is light, sends no two calls at
once from one event loop without threads, and says of a failure only its status.
"""

from __future__ import annotations

import ssl
from typing import Any, Self

import httpx

from ml_server import __version__
from ml_server.errors import (
    DeadlineExceeded,
    InvalidRequest,
    MLServerError,
    NotReady,
    PayloadTooLarge,
    ServerBusy,
    Unauthenticated,
)
from ml_server.label_studio.settings import LabelStudioSettings
from ml_server.label_studio.tokens import Credentials

_CONNECT_S = 10.0
_SHOWN = 300  # characters of an answer that a message repeats
_EXCHANGE = "/api/token/refresh/"  # without the last slash, Django refuses a POST


class LabelStudio:
    """One Label Studio. All methods belong to one event loop.

    What may pass by itself (Label Studio is down, starting, or too busy) is NotReady, ServerBusy or DeadlineExceeded;
    trying again helps for no other error.

    Args:
        settings: ``url``, ``api_key``, ``timeout_s``, ``ca_file``.
        transport: for tests.

    Attributes:
        url: without a slash at its end.
        client: for whoever fetches from elsewhere; it sends no credentials by itself and follows no redirect.

    Raises:
        InvalidRequest: the address is not one.
        Unauthenticated: there is no token, or it cannot be one.
    """

    def __init__(self, settings: LabelStudioSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.url = base_url(settings.url)
        if settings.api_key is None:
            raise Unauthenticated(
                "there is no Label Studio token: set LABEL_STUDIO_API_KEY to a personal access token "
                "(Account & Settings, Personal Access Token) or a legacy token"
            )
        self._credentials = Credentials(settings.api_key.get_secret_value(), self._exchange)
        try:
            verify = ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else True
        except OSError as error:
            raise InvalidRequest(f"cannot read the certificates in {settings.ca_file}: {error}") from error
        self.client = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s)),
            headers={"user-agent": f"ml_server/{__version__}"},
            follow_redirects=False,
            verify=verify,
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        """The client, open."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self.client.aclose()

    async def get(self, path: str, **params: Any) -> Any:
        """What a GET answers, from JSON; parameters that are None are not sent.

        Raises:
            MLServerError: see :meth:`call`.
        """
        return await self.call("GET", path, params={key: value for key, value in params.items() if value is not None})

    async def post(self, path: str, body: Any) -> Any:
        """What a POST of JSON answers, from JSON; None for an empty answer.

        Raises:
            MLServerError: see :meth:`call`.
        """
        return await self.call("POST", path, json=body)

    async def call(self, method: str, path: str, **request: Any) -> Any:
        """One call; ``request`` is for httpx.

        Args:
            method: of HTTP.
            path: below the address of Label Studio, with its leading slash: ``/api/projects/1``.
            request: ``params``, ``json``, ….

        Raises:
            Unauthenticated: the token is refused (401) or its user may not do this (403).
            InvalidRequest: there is no such thing (404), or the call is refused with another 4xx, or redirected.
            PayloadTooLarge: 413.
            ServerBusy: 429.
            NotReady: it cannot be reached, or answers 5xx.
            DeadlineExceeded: it did not answer in time.
            MLServerError: the answer is not JSON.
        """
        answer = await self.send(self.client.build_request(method, self.url + path, **request))
        check(answer)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise MLServerError(
                f"{method} {answer.url} answers no JSON: {shown(answer)}; is it a Label Studio?"
            ) from error

    async def send(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        """Send a request to Label Studio, signed; once more with a new bearer token after a 401.

        Args:
            request: to an address of this Label Studio; for any other the token would leak.
            stream: return before the body has been read.

        Returns:
            The answer, of whatever status but 401.

        Raises:
            Unauthenticated: the token is refused.
            NotReady, DeadlineExceeded: no answer.
        """
        assert self.owns(request.url), request.url
        header = await self._credentials.header()
        request.headers["Authorization"] = header
        answer = await self.send_bare(request, stream=stream)
        if answer.status_code == httpx.codes.UNAUTHORIZED and await self._credentials.renewed(header):
            await answer.aclose()
            request.headers["Authorization"] = await self._credentials.header()
            answer = await self.send_bare(request, stream=stream)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await answer.aread()
            await answer.aclose()
            raise self._credentials.refusal(self.url, shown(answer))
        return answer

    async def send_bare(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        """Send a request as it is, without credentials of ours, to wherever it goes.

        Raises:
            NotReady: it cannot be reached.
            DeadlineExceeded: it did not answer in time.
        """
        where = f"{request.url.scheme}://{request.url.netloc.decode()}"
        try:
            return await self.client.send(request, stream=stream)
        except httpx.TimeoutException as error:
            raise DeadlineExceeded(f"{where} did not answer in time ({type(error).__name__})") from error
        except httpx.RequestError as error:
            raise NotReady(f"cannot reach {where}: {error or type(error).__name__}", retry_after_s=1.0) from error

    def owns(self, url: httpx.URL) -> bool:
        """Whether an absolute address is of this Label Studio: the same scheme, host, port, and below its path."""
        own = httpx.URL(self.url)
        return _origin(url) == _origin(own) and (url.path + "/").startswith(own.path.rstrip("/") + "/")

    async def _exchange(self, personal: str) -> str:
        request = self.client.build_request("POST", self.url + _EXCHANGE, json={"refresh": personal})
        answer = await self.send_bare(request)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            raise Unauthenticated(
                f"{self.url} does not take the personal access token ({shown(answer)}): it is wrong, revoked, expired, "
                "or of another Label Studio; make a new one under Account & Settings, Personal Access Token"
            )
        check(answer)
        try:
            return str(answer.json()["access"])
        except (ValueError, KeyError, TypeError) as error:
            raise MLServerError(
                f"POST {answer.url} gave no bearer token: {shown(answer)}; is it a Label Studio?"
            ) from error


def base_url(given: str) -> str:
    """The address of a Label Studio as calls want it.

    Raises:
        InvalidRequest: it is not one.
    """
    try:
        url = httpx.URL(given.strip().rstrip("/"))
    except httpx.InvalidURL as error:
        raise InvalidRequest(f"the address of Label Studio is {given!r}: {error}", field="url") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidRequest(f"the address of Label Studio is {given!r}; it is like http://localhost:8080", field="url")
    return str(url.copy_with(query=None, fragment=None, userinfo=b"")).rstrip("/")


def check(answer: httpx.Response) -> None:
    """Raise what an answer that is no success means.

    Raises:
        MLServerError: see :meth:`LabelStudio.call`.
    """
    if answer.is_success:
        return
    status = answer.status_code
    asked = f"{answer.request.method} {answer.url.copy_with(query=None)}"
    if answer.has_redirect_location:
        to = answer.headers["location"]
        raise InvalidRequest(
            f"{asked} is redirected ({status}) to {to[:200]!r}; tokens do not follow redirects: set LABEL_STUDIO_URL "
            "to the address that answers itself, with https:// and its path if it has them"
        )
    said = shown(answer)
    match status:
        case 401 | 403:
            why = "the token is refused" if status == 401 else "the token's user may not do this"
            raise Unauthenticated(f"{asked}: {why} ({status}): {said}")
        case 404:
            raise InvalidRequest(f"{asked}: there is no such thing (404), or the token's user does not see it: {said}")
        case 413:
            raise PayloadTooLarge(f"{asked}: too large for Label Studio (413): {said}")
        case 429:
            raise ServerBusy(f"{asked}: Label Studio is busy (429): {said}", retry_after_s=_told_s(answer))
        case _ if status >= 500:
            raise NotReady(f"{asked}: Label Studio failed ({status}): {said}", retry_after_s=_told_s(answer))
        case _:
            raise InvalidRequest(f"{asked}: refused ({status}): {said}")


def shown(answer: httpx.Response) -> str:
    """The beginning of an answer that has been read, for messages: its ``detail`` where it is Label Studio's JSON."""
    try:
        found = answer.json()
    except ValueError:
        return " ".join(answer.text.split())[:_SHOWN] or "an empty answer"
    if isinstance(found, dict):
        found = found.get("validation_errors") or found.get("detail") or found
    return str(found)[:_SHOWN]


def _told_s(answer: httpx.Response) -> float:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else 1.0


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
