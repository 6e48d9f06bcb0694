"""What an answer that is no picture means: whose fault it is, and whether asking again may help."""

from __future__ import annotations

import base64

import httpx

from ml_server.errors import InvalidRequest, MLServerError, NotReady, ServerBusy, Unauthenticated
from ml_server.label_studio.api import shown as answered
from ml_server.label_studio.hosts import shown

_SHOWN_BYTES = 2**16


async def read_some(answer: httpx.Response) -> None:
    """Read an error's answer, so that messages can show it; nobody needs much of it."""
    declared = answer.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) <= _SHOWN_BYTES and "transfer-encoding" not in answer.headers:
        await answer.aread()


def failure(answer: httpx.Response, url: httpx.URL, absent: str, *, home: bool) -> MLServerError:
    """What an answer that is no file means.

    Args:
        answer: neither a success nor a redirect.
        url: that was asked.
        absent: the message where it says that there is no such file; empty for the usual one.
        home: whether Label Studio itself answered.
    """
    status = answer.status_code
    where = str(url)[:300] if home else shown(url)  # Label Studio's queries name files, others' may be signatures
    said = f": {answered(answer)}" if answer.is_stream_consumed and home else ""
    whose = "Label Studio" if home else url.host
    if status in (404, 410):
        return InvalidRequest(absent or f"{whose} has no such file ({status}): {where}", field="data")
    if status in (401, 403) and home:
        return Unauthenticated(f"Label Studio does not give {where} to the token's user ({status}){said}")
    if status in (401, 403):
        why = "is it private or gone, or its signature expired?"  # a bucket that may not be listed says 403 for gone
        return InvalidRequest(f"{whose} does not give {where} ({status}): {why}", field="data")
    if status == httpx.codes.FAILED_DEPENDENCY and home:
        return NotReady(
            f"Label Studio cannot get {_stored(url) or where} from its storage ({status}): is it there, do the "
            f"storage's keys open it, and is the storage up?{said}",
            retry_after_s=1.0,
        )
    if status == 429:
        return ServerBusy(f"{whose} is busy ({status}): {where}", retry_after_s=1.0)
    if status >= 500 and home and "/data/upload/" in url.path:
        return InvalidRequest(
            f"Label Studio failed ({status}) on {where}, as it does for an upload that is not there any more",
            field="data",
        )
    if status >= 500:
        return NotReady(f"{whose} failed ({status}) on {where}{said}", retry_after_s=1.0)
    return InvalidRequest(f"{whose} refused {where} ({status}){said}", field="data")


def _stored(url: httpx.URL) -> str:
    """The address in a storage that Label Studio is asked to resolve; empty where it is none."""
    try:
        return base64.urlsafe_b64decode(url.params.get("fileuri", "")).decode()[:200]
    except ValueError:
        return ""
