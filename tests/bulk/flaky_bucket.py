"""An S3 server on this machine that refuses, dawdles and breaks off now and then, as buckets under load do."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

SLOW_DOWN = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass(slots=True)
class Bucket:
    """A running one.

    Attributes:
        endpoint: as ``AWS_ENDPOINT_URL``.
        answers: how many of each kind it gave: ``refused``, ``broken``, ``slow`` and ``good``.
    """

    endpoint: str
    answers: Counter[str] = field(default_factory=Counter)


@contextmanager
def flaky_bucket(upstream: str) -> Iterator[Bucket]:
    """A proxy before an S3 server: every fifth request gets 503, every seventh read ends half way, every third is slow.

    Args:
        upstream: address of the server.
    """
    numbers = itertools.count(1)
    host = urlsplit(upstream).netloc

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            number = next(numbers)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                body = self._chunks()
            if number % 5 == 0:
                self._answer(503, [("Content-Type", "application/xml")], SLOW_DOWN, "refused")
                return
            connection = http.client.HTTPConnection(host, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "transfer-encoding"}
            connection.request(self.command, self.path, body, {**headers, "Content-Length": str(len(body))})
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            kind = "good"
            if self.command == "GET" and answer.status == 200 and len(content) > 2:
                kind = "broken" if number % 7 == 0 else "slow" if number % 3 == 0 else "good"
            kept = [
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in {"transfer-encoding", "connection", "content-length", "date", "server"}
            ]
            length = answer.getheader("Content-Length") if self.command == "HEAD" else None
            self._answer(answer.status, kept, content, kind, length)

        def _answer(
            self, status: int, headers: list[tuple[str, str]], content: bytes, kind: str, length: str | None = None
        ) -> None:
            bucket.answers[kind] += 1
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(content)))
            self.end_headers()
            half = len(content) // 2
            self.wfile.write(content[:half])
            self.wfile.flush()
            if kind == "broken":
                self.close_connection = True
                return
            if kind == "slow":
                time.sleep(0.2)
            self.wfile.write(content[half:])

        def _chunks(self) -> bytes:
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _forward  # noqa: N815 - as http.server names them

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Quiet: callers that were answered slowly or in part hang up."""

    server = Server(("127.0.0.1", 0), Proxy)
    bucket = Bucket(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
