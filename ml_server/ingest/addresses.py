"""How others reach a stored page: Label Studio, a browser, a program."""

from __future__ import annotations

from ml_server.ingest import names
from ml_server.ingest.stores import FolderStore, Store


def page_url(store: Store, name: str, base: str) -> str:
    """``s3://…`` for a bucket; below a server's ``/files/`` for a folder.

    Args:
        store: where the page is.
        name: its file name.
        base: the server's address, ``http://host:3000``; empty for a path on the server that was asked.
    """
    if isinstance(store, FolderStore):
        return f"{base.rstrip('/')}/files/{name}"
    return store.address(names.page_path(name))
