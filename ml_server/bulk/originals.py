"""The documents themselves, read from where they are, with retries."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from ml_server.bulk.again import FINAL, retried, said
from ml_server.bulk.options import BulkDocument
from ml_server.bulk.places import file_system, is_remote, local_path
from ml_server.errors import InvalidRequest, NotReady


class Originals:
    """Files of this machine and of buckets. Belongs to one event loop.

    Args:
        retries: attempts after the first.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries
        self._systems: dict[str, Any] = {}

    async def fetch(self, document: BulkDocument) -> bytes:
        """A document's bytes.

        Raises:
            InvalidRequest: there is no such file, or it may not be read.
            NotReady: the storage did not give it; another time it may.
        """
        try:
            return await retried(partial(self._fetch, document), self._retries)
        except FINAL as error:
            raise InvalidRequest(f"cannot read the file: {said(error)}") from error
        except Exception as error:
            raise NotReady(f"cannot read the file now: {said(error)}") from error

    def _fetch(self, document: BulkDocument) -> bytes:
        url = document.url
        if not is_remote(url):
            path = Path(local_path(url))
            if path.is_dir():
                os.listdir(path)  # says why it was not looked into
            return path.read_bytes()
        bucket = "/".join(url.split("/", 3)[:3])
        if bucket not in self._systems:
            self._systems[bucket] = file_system(bucket)[0]
        data = bytes(self._systems[bucket].cat_file(url))
        if len(data) < document.size:
            raise OSError(f"the connection ended after {len(data)} of {document.size} bytes")
        return data
