"""An S3 server in this process, by moto: the real protocol over a socket, and faults when they are asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from moto.core.base_backend import BackendDict
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

_SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass
class S3Server:
    """Attributes: address; the requests that came, as ``METHOD /path``; of so many one is answered 503, 0 for none."""

    url: str = ""
    requests: list[str] = field(default_factory=list)
    fail_every: int = 0

    @property
    def client(self) -> Any:
        """A client of its own that no fault is meant for."""
        return boto3.client(
            "s3", endpoint_url=self.url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        """What is in a bucket."""
        found = self.client.list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [each["Key"] for each in found.get("Contents", [])]

    def puts(self) -> list[str]:
        """Paths of the uploads."""
        return [each.partition(" ")[2] for each in self.requests if each.startswith("PUT ")]

    @property
    def environment(self) -> dict[str, str]:
        """What makes AWS's own tools use it."""
        return {
            "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip


class _Silent(WSGIRequestHandler):
    def log(self, kind: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def s3_server(*buckets: str) -> Iterator[S3Server]:
    """A running server with empty buckets."""
    server = S3Server()
    moto = DomainDispatcherApplication(create_backend_app)

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        server.requests.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if server.fail_every and len(server.requests) % server.fail_every == 0:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start("503 Slow Down", [("Content-Type", "application/xml"), ("Content-Length", str(len(_SLOW_DOWN)))])
            return [_SLOW_DOWN]
        found: Iterable[bytes] = moto(environ, start)
        return found

    BackendDict.reset()  # moto keeps them for the whole process
    http = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        for bucket in buckets:
            server.client.create_bucket(Bucket=bucket)
        server.requests.clear()
        yield server
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
