"""What is in a bucket, a page of its listing at a time. What cannot be listed is an error, never left out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from ml_server.bulk.again import retried_here

_FURTHER_ATTEMPTS: Final = 2
"""For a page after the first: the bucket has answered before. fsspec and botocore have made theirs by then."""


def objects(system: Any, root: str, begin: str = "", *, deep: bool = True) -> Iterator[dict[str, Any]]:
    """Files below a folder, as fsspec tells of them: ``name``, ``size``, and what there is of ``ETag`` and the like.

    S3 gives them in the order of their names, those of one folder and below it one after the other.

    Args:
        system: of fsspec.
        root: the folder, in the system; a bucket's name first.
        begin: only what begins so, below the folder.
        deep: also in folders below.

    Raises:
        FileNotFoundError: there is no such bucket, or elsewhere than on S3 no such folder.
        Exception: what the library raises where something cannot be listed.
    """
    if hasattr(system, "call_s3"):
        yield from _on_s3(system, root, begin, deep)
    else:
        yield from _elsewhere(system, root, begin, deep)


def _on_s3(system: Any, root: str, begin: str, deep: bool) -> Iterator[dict[str, Any]]:
    """One request for a thousand objects, however many folders they are in; one page in memory."""
    bucket, _, folder = root.partition("/")
    asked = {"Bucket": bucket, "Prefix": f"{folder}/{begin}" if folder else begin}
    if not deep:
        asked["Delimiter"] = "/"
    page = system.call_s3("list_objects_v2", **asked)
    while True:
        for each in page.get("Contents", []):
            if not each["Key"].endswith("/"):  # which some programs write for a folder
                yield {**each, "name": f"{bucket}/{each['Key']}", "size": each["Size"]}
        if not page.get("IsTruncated"):
            return
        following = partial(system.call_s3, "list_objects_v2", **asked, ContinuationToken=page["NextContinuationToken"])
        page = retried_here(following, _FURTHER_ATTEMPTS)


def _elsewhere(system: Any, root: str, begin: str, deep: bool) -> Iterator[dict[str, Any]]:
    """Folder by folder; fsspec's own ``walk`` and ``find`` leave out what they cannot list."""
    found = sorted(system.ls(root, detail=True), key=lambda each: str(each["name"]))
    files = [each for each in found if each["type"] == "file"]
    yield from (each for each in files if str(each["name"])[len(root) :].lstrip("/").startswith(begin))
    for folder in (str(each["name"]).rstrip("/") for each in found if deep and each["type"] == "directory"):
        if folder[len(root) :].lstrip("/").startswith(begin):
            yield from _elsewhere(system, folder, "", deep)
