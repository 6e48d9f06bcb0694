"""A task's image, from wherever Label Studio keeps it: an upload, a local file, a bucket, the web, the data itself."""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import httpx

from ml_server import __version__
from ml_server.errors import (
    DeadlineExceeded,
    InvalidImage,
    InvalidRequest,
    NotReady,
    PayloadTooLarge,
    Unauthenticated,
)
from ml_server.label_studio import buckets
from ml_server.label_studio.api import LabelStudio
from ml_server.label_studio.hosts import Hosts, shown
from ml_server.label_studio.no_image import failure, read_some
from ml_server.label_studio.settings import LabelStudioSettings

_CONNECT_S = 10.0
_BUCKETS = ("s3", "gs", "azure-blob")
_AS_IT_IS = {"Accept-Encoding": "identity"}  # images are compressed already, and a bomb needs compression


class Images:
    """Fetches. Label Studio's token goes to Label Studio only, whatever redirects say. One event loop.

    Args:
        settings: ``hosts``, ``timeout_s``, ``max_redirects``, ``ca_file``.
        api: gives the Label Studio the tasks are of; it may raise, and is asked only when an image is there.
        max_bytes: of one image.
        transport: for tests, instead of the network beyond Label Studio.
    """

    def __init__(
        self,
        settings: LabelStudioSettings,
        api: Callable[[], LabelStudio],
        max_bytes: int,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._api = api
        self._hosts = Hosts.parse(settings.hosts)
        self._max_bytes = max_bytes
        self._max_redirects = settings.max_redirects
        self._timeout_s = settings.timeout_s
        verify = ssl.create_default_context(cafile=settings.ca_file) if settings.ca_file else True
        # A client of its own, that never held a token; and no proxy from the environment, whose look-ups nobody checks.
        self._abroad = httpx.AsyncClient(
            timeout=httpx.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s)),
            headers={"user-agent": f"ml_server/{__version__}"},
            verify=verify,
            transport=transport,
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._abroad.aclose()

    async def fetch(self, address: str, task: int | None = None) -> bytes:
        """The bytes of an image.

        Args:
            address: as the task's data has it: ``/data/upload/…``, ``/data/local-files/?d=…``, ``/tasks/…/resolve/…``,
                ``s3://…``, ``gs://…``, ``https://…``, ``data:…``.
            task: its id, for what Label Studio fetches from a storage; None where it has none.

        Raises:
            InvalidRequest: the address may not be fetched, or there is no such file.
            InvalidImage: it answers with a web page.
            PayloadTooLarge: more than ``max_bytes``.
            Unauthenticated: Label Studio refuses the token, or the image's host wants one.
            NotReady, ServerBusy: its host cannot be reached, or failed.
            DeadlineExceeded: it took too long.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._fetch(address, task)
        except TimeoutError:
            raise DeadlineExceeded(f"{_named(address)} did not come within {self._timeout_s:g} s") from None
        except (httpx.InvalidURL, UnicodeError) as error:  # the latter of a host's name
            raise InvalidRequest(f"{_named(address)!r} is no address of an image: {error}", field="data") from error
        except httpx.HTTPError as error:
            raise NotReady(f"{_named(address)} broke off: {error!r}", retry_after_s=1.0) from error

    async def _fetch(self, address: str, task: int | None) -> bytes:
        scheme = address.partition(":")[0].lower()
        if scheme == "data":
            return bytes(self._limited(_inline(address)))
        if scheme in _BUCKETS:
            return await self._from_bucket(address, task)
        if address.startswith("/") and not address.startswith("//"):
            return await self._get(_under(self._api().url, address))
        return await self._get(httpx.URL(address))

    async def _from_bucket(self, address: str, task: int | None) -> bytes:
        """Through Label Studio, which has the storage's keys; else with our own, if the operator lets us."""
        scheme, _, rest = address.partition("://")
        if self._hosts.has_bucket(scheme, rest.partition("/")[0]):
            return await asyncio.to_thread(buckets.read, address, self._max_bytes)
        if task is None:
            raise InvalidRequest(f"{address[:200]} needs the id of its task, to ask Label Studio for it", field="data")
        uri = base64.urlsafe_b64encode(address.encode()).decode()
        url = httpx.URL(f"{self._api().url}/tasks/{task}/resolve/", params={"fileuri": uri})
        return await self._get(
            url,
            f"{address[:200]}: Label Studio finds no storage of task {task}'s project for it, or no such file (404); "
            "add the storage there, or allow this server's own keys with ML_SERVER_LABEL_STUDIO_HOSTS="
            f"{scheme}://{rest.partition('/')[0]}",
        )

    async def _get(self, url: httpx.URL, absent: str = "") -> bytes:
        for _ in range(self._max_redirects + 1):
            home = self._is_home(url)
            answer = await (self._ask_home(url) if home else self._ask_abroad(url))
            try:
                if not answer.has_redirect_location:
                    return await self._body(answer, url, absent, home=home)
                to = answer.headers["location"]
            finally:
                await answer.aclose()
            try:
                url = url.join(to)
            except httpx.InvalidURL as error:
                raise InvalidRequest(f"{shown(url)} redirects to what is no address: {to[:200]!r}") from error
        raise InvalidRequest(f"{shown(url)}: more than {self._max_redirects} redirects", field="data")

    def _is_home(self, url: httpx.URL) -> bool:
        try:
            return self._api().owns(url)
        except Unauthenticated:
            return False

    async def _ask_home(self, url: httpx.URL) -> httpx.Response:
        api = self._api()
        return await api.send(api.client.build_request("GET", url, headers=_AS_IT_IS), stream=True)

    async def _ask_abroad(self, url: httpx.URL) -> httpx.Response:
        """Connect to the very address that was checked; the host's name stays in ``Host`` and in TLS."""
        address = await self._hosts.pinned(url)
        request = self._abroad.build_request(
            "GET",
            url.copy_with(host=address, userinfo=b""),
            headers={"Host": url.netloc.decode(), **_AS_IT_IS},
            extensions={"sni_hostname": url.host} if url.scheme == "https" else None,
        )
        try:
            return await self._abroad.send(request, stream=True, follow_redirects=False, auth=None)
        except httpx.TimeoutException as error:
            raise DeadlineExceeded(f"{shown(url)} did not answer in time") from error
        except httpx.RequestError as error:
            why = str(error) or type(error).__name__
            raise NotReady(f"cannot reach {shown(url)}: {why}", retry_after_s=1.0) from error

    async def _body(self, answer: httpx.Response, url: httpx.URL, absent: str, *, home: bool) -> bytes:
        declared = answer.headers.get("content-length", "")
        if answer.is_success and declared.isdecimal() and int(declared) > self._max_bytes:
            raise self._too_large(f"{int(declared)} bytes")
        found = bytearray()
        try:
            if not answer.is_success:
                await read_some(answer)
                raise failure(answer, url, absent, home=home)
            async for part in answer.aiter_bytes():
                found += part
                self._limited(found)
        except httpx.HTTPError as error:
            raise NotReady(f"{shown(url)} broke off after {len(found)} bytes: {error}", retry_after_s=1.0) from error
        if answer.headers.get("content-type", "").startswith("text/html"):
            raise InvalidImage(f"{shown(url)} answers with a web page instead of a file; is it a login?", field="data")
        return bytes(found)

    def _limited(self, found: bytes | bytearray) -> bytes | bytearray:
        if len(found) > self._max_bytes:
            raise self._too_large(f"more than {self._max_bytes} bytes")
        return found

    def _too_large(self, found: str) -> PayloadTooLarge:
        return PayloadTooLarge(f"the image is too large: found {found}, {self._max_bytes} allowed", field="data")


def _named(address: str) -> str:
    """An address for messages; that of another host without its query, which may be a signature."""
    return (address if address.startswith("/") else address.partition("?")[0])[:200]


def _under(base: str, path: str) -> httpx.URL:
    """A path of Label Studio's as a URL; its data may hold the path with or without the one it is served below."""
    own = httpx.URL(base)
    prefix = own.path.rstrip("/")
    if prefix and not path.startswith(prefix + "/"):
        path = prefix + path
    return own.join(path)


def _inline(address: str) -> bytes:
    """The bytes of a ``data:`` address.

    Raises:
        InvalidImage: it is malformed.
    """
    head, comma, body = address.partition(",")
    try:
        raw = unquote_to_bytes(body)
        found = base64.b64decode(raw, validate=True) if head.rstrip().endswith(";base64") else raw
    except (binascii.Error, ValueError) as error:
        raise InvalidImage(f"the data: address is not base64: {error}", field="data") from error
    if not comma or not found:
        raise InvalidImage("the data: address holds nothing", field="data")
    return found
