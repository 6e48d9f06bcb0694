"""The documents themselves, read from where they are, with retries. Nothing is loaded that is too large to be read."""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import Any

from ml_server.bulk.again import FINAL, retried, said
from ml_server.bulk.options import BulkDocument
from ml_server.bulk.places import file_system, is_remote, local_path
from ml_server.decode import HEAD, check_length
from ml_server.decode_limits import DecodeLimits
from ml_server.errors import InvalidRequest, MLServerError, NotReady


class Originals:
    """Files of this machine and of buckets. Belongs to one event loop.

    Args:
        retries: attempts after the first.
        limits: of a document's bytes; None for none.
    """

    def __init__(self, retries: int, limits: DecodeLimits | None = None) -> None:
        self._retries = retries
        self._limits = limits
        self._systems: dict[str, Any] = {}

    async def fetch(self, document: BulkDocument) -> bytes:
        """A document's bytes.

        Raises:
            InvalidRequest: there is no such file, it is none, or it may not be read.
            PayloadTooLarge: it has more bytes than are allowed.
            NotReady: the storage did not give it; another time it may.
        """
        try:
            return await retried(partial(self._fetch, document), self._retries)
        except MLServerError:
            raise
        except FINAL as error:
            raise InvalidRequest(f"cannot read the file: {said(error)}") from error
        except Exception as error:
            raise NotReady(f"cannot read the file now: {said(error)}") from error

    def _fetch(self, document: BulkDocument) -> bytes:
        return self._of_bucket(document) if is_remote(document.url) else self._of_disk(local_path(document.url))

    def _of_disk(self, path: str) -> bytes:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            os.listdir(path)  # says why it was not looked into
        elif not stat.S_ISREG(mode):  # a pipe's end may never come
            raise InvalidRequest("cannot read the file: it is a pipe, a socket or a device")
        with open(path, "rb") as file:
            self._check(file.read(HEAD), os.fstat(file.fileno()).st_size)
            file.seek(0)
            return file.read()

    def _of_bucket(self, document: BulkDocument) -> bytes:
        url = document.url
        bucket = "/".join(url.split("/", 3)[:3])
        if bucket not in self._systems:
            self._systems[bucket] = file_system(bucket)[0]
        system = self._systems[bucket]
        if self._limits is not None and document.size > min(
            self._limits.max_image_bytes, self._limits.max_document_bytes
        ):  # else it is no matter what it is
            self._check(bytes(system.cat_file(url, start=0, end=HEAD)), document.size)
        data = bytes(system.cat_file(url))
        if len(data) < document.size:
            raise OSError(f"the connection ended after {len(data)} of {document.size} bytes")
        return data

    def _check(self, head: bytes, length: int) -> None:
        if self._limits is not None:
            check_length(head, length, self._limits)
