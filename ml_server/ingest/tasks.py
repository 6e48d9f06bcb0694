"""Stored pages as tasks that Label Studio imports: for those who do not have it sync a storage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from ml_server.bulk.path_text import as_json
from ml_server.ingest.addresses import page_url
from ml_server.ingest.documents import StoredDocument
from ml_server.ingest.stores import Store

TasksBy = Literal["page", "document"]


def tasks(documents: Iterable[StoredDocument], store: Store, base: str, by: TasksBy) -> list[dict[str, Any]]:
    """Tasks in the order of the documents, each document once however often it came.

    Args:
        documents: what was stored.
        store: where.
        base: see :func:`page_url`.
        by: ``page``: a task a page, for ``<Image value="$image"/>``; ``document``: a task a document, whose pages are
            paged through by ``<Image valueList="$pages"/>``.
    """
    found: list[dict[str, Any]] = []
    for document in {(document.id, document.dpi): document for document in documents}.values():
        about = {"document": document.id, "name": document.name, "page_count": len(document.pages)}
        urls = [page_url(store, page.name, base) for page in document.pages]
        if by == "document":
            found.append({"data": {"pages": urls, **about}})
        else:
            found += [{"data": {"image": url, **about, "page": number}} for number, url in enumerate(urls, start=1)]
    return found


def tasks_json(found: list[dict[str, Any]]) -> bytes:
    """The file that Label Studio imports."""
    return (as_json(found, indent=1) + "\n").encode()
