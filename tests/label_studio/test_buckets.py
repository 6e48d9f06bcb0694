"""Objects read with the server's own keys, over the real S3 protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from s3_server import S3Server, s3_server
from s3fs import S3FileSystem

from ml_server.errors import InvalidRequest, MLServerError, NotReady, PayloadTooLarge
from ml_server.label_studio import buckets

KEYS = ("a.png", "하위 폴더/스캔 (2)+b.png", "100%25 & more*[1]#.png", "twice::file:///etc/hostname")


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server("scans", "others") as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment.items():
            patch.setenv(name, value)
        server.client.put_object(Bucket="others", Key="secret", Body=b"secret")
        for key in KEYS:
            server.client.put_object(Bucket="scans", Key=key, Body=key.encode())
        S3FileSystem.clear_instance_cache()  # they know the server of when they were made
        yield server
        S3FileSystem.clear_instance_cache()


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("scheme", ["s3", "S3"])
def test_a_key_is_what_it_is(s3: S3Server, scheme: str, key: str) -> None:
    assert buckets.read(f"{scheme}://scans/{key}", 1000) == key.encode()


@pytest.mark.parametrize(
    ("address", "kind", "why"),
    [
        ("s3://scans/gone.png", InvalidRequest, "there is no s3://scans/gone.png"),
        ("s3://scans/../others/secret", InvalidRequest, "there is no"),
        ("s3://scans/a.png::s3://others/secret", InvalidRequest, "there is no"),
        ("s3://nobodys/a.png", InvalidRequest, "there is no"),
        ("s3://scans/", NotReady, "cannot be read"),
    ],
)
def test_what_is_not_there_is_said(s3: S3Server, address: str, kind: type[MLServerError], why: str) -> None:
    with pytest.raises(kind, match=why):
        buckets.read(address, 1000)


def test_an_object_is_not_read_beyond_the_limit(s3: S3Server) -> None:
    assert buckets.read("s3://scans/a.png", 5) == b"a.png"
    with pytest.raises(PayloadTooLarge, match="4 bytes allowed"):
        buckets.read("s3://scans/a.png", 4)
