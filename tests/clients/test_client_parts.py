"""The clients' parts: addresses, arguments, what proxies answer, what is imported."""

from __future__ import annotations

import asyncio
import http.server
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import grpc
import pytest
from client_fakes import calling, no_waiting
from google.rpc import error_details_pb2, status_pb2

from ml_server.clients import AsyncOCRClient, OCRClient, results
from ml_server.clients.address import parse_address
from ml_server.clients.calls import Call
from ml_server.clients.grpc_messages import failure
from ml_server.clients.transport import Connection
from ml_server.document import Line, OCRPage, Word
from ml_server.errors import (
    DeadlineExceeded,
    InvalidRequest,
    MLServerError,
    NotReady,
    PayloadTooLarge,
    RouteNotFound,
    ServerBusy,
    Unauthenticated,
)


@pytest.mark.parametrize(
    ("given", "target", "tls"),
    [
        ("http://host:3000", "http://host:3000", False),
        ("https://host/ocr/", "https://host/ocr", True),
        ("grpc://host", "dns:///host:50051", False),
        ("grpcs://ocr.default.svc:443", "dns:///ocr.default.svc:443", True),
        ("grpc://[::1]:5", "dns:///%5B%3A%3A1%5D:5", False),
        (" grpc://127.0.0.1:5 ", "dns:///127.0.0.1:5", False),
    ],
)
def test_addresses(given: str, target: str, tls: bool) -> None:
    address = parse_address(given)
    assert (address.target, address.tls, address.wire) == (target, tls, given.strip()[:4])


@pytest.mark.parametrize(
    "given", ["host:3000", "", "ftp://host", "grpc://", "grpc://host:x", "grpc://host/path", "http://me:key@host"]
)
def test_bad_addresses(given: str) -> None:
    with pytest.raises(ValueError, match="allowed: http://HOST:PORT"):
        parse_address(given)


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"timeout_s": float("inf")}, "timeout_s is inf"),
        ({"retries": -1}, "retries is -1"),
        ({"api_key": ""}, "api_key is empty"),
        ({"api_key": "한글"}, "printable ASCII"),
        ({"ca_file": "ca.pem"}, "https:// and grpcs://"),
        ({"cert_file": "c.pem", "key_file": "k.pem"}, "cert_file is for https:// and grpcs://"),
    ],
)
def test_bad_arguments(kind: Any, options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kind("http://localhost:1", **options)


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
@pytest.mark.parametrize("alone", ["cert_file", "key_file"])
def test_a_certificate_and_its_key_go_together(kind: Any, alone: str) -> None:
    with pytest.raises(ValueError, match="go together"):
        kind("grpcs://localhost:1", **{alone: "file.pem"})


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequest), (401, Unauthenticated), (403, Unauthenticated), (404, RouteNotFound),
        (408, InvalidRequest), (413, PayloadTooLarge), (429, ServerBusy), (500, MLServerError), (502, NotReady),
        (503, NotReady), (504, DeadlineExceeded), (302, MLServerError), (599, MLServerError),
    ],
)  # fmt: skip
def test_what_proxies_answer(status: int, kind: type[MLServerError]) -> None:
    for body in (b"<h1>no</h1>", b"[]", b'{"error": "no"}', b"\xff"):
        error = results.failure(status, {"retry-after": "7"}, body)
        assert type(error) is kind
        assert error.retry_after_s == 7
        assert f"HTTP status {status} from something that is not ml_server" in error.message


def test_retry_after() -> None:
    assert results.retry_after_s("3") == 3
    assert results.retry_after_s("") is None
    assert results.retry_after_s("soon") is None
    assert results.retry_after_s("nan") is None
    assert results.retry_after_s("-3") == 0
    later = results.retry_after_s(format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True))
    assert later is not None
    assert 90 < later <= 100
    assert results.retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0


@pytest.mark.parametrize(
    ("code", "said", "kind"),
    [
        ("UNAVAILABLE", "connection refused", NotReady),
        ("CANCELLED", "", NotReady),
        ("DEADLINE_EXCEEDED", "", DeadlineExceeded),
        ("RESOURCE_EXHAUSTED", "CLIENT: Sent message larger than max (5 vs. 4)", PayloadTooLarge),
        ("RESOURCE_EXHAUSTED", "quota", ServerBusy),
        ("UNIMPLEMENTED", "no such service", RouteNotFound),
        ("UNKNOWN", "what", MLServerError),
    ],
)
def test_statuses_without_details(code: str, said: str, kind: type[MLServerError]) -> None:
    connection = Connection(parse_address("grpc://host"))
    foreign = status_pb2.Status(code=14, message=said)
    foreign.details.add().Pack(error_details_pb2.ErrorInfo(reason="internal", domain="a.proxy"))
    for details in (None, b"\xff not protobuf", b"", foreign.SerializeToString()):
        trailers = () if details is None else (("grpc-status-details-bin", details),)
        assert type(failure(grpc.StatusCode[code], said, trailers, connection, Call.begin(5))) is kind


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers everything the same way."""

    answer: Callable[[Handler], None]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).answer(self)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def answering(answer: Callable[[Handler], None]) -> Iterator[str]:
    kind = type("Handler", (Handler,), {"answer": answer})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
async def test_an_answer_that_is_not_ours(kind: Any) -> None:
    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    with answering(answer) as address:
        async with calling(kind, address) as call:
            for method in ("extract_text", "extract_document"):
                with pytest.raises(MLServerError, match="is not one of ml_server's"):
                    await call(method, b"image")


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
async def test_an_answer_that_trickles_ends_at_the_deadline(kind: Any) -> None:
    stop = threading.Event()

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not stop.wait(0.05):
            try:
                handler.wfile.write(b" ")
            except OSError:
                return

    with answering(answer) as address:
        async with calling(kind, address, timeout_s=0.4) as call:
            with pytest.raises(DeadlineExceeded):
                await asyncio.wait_for(call("extract_text", b"image"), 20)
        stop.set()


@pytest.mark.parametrize("kind", [OCRClient, AsyncOCRClient])
async def test_a_proxys_503_is_tried_again_after_its_own_time(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(handler: Handler) -> None:
        handler.send_response(503)
        handler.send_header("Retry-After", "4")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with no_waiting(monkeypatch) as pauses, answering(answer) as address:
        async with calling(kind, address, retries=3) as call:
            with pytest.raises(NotReady, match="HTTP status 503"):
                await call("extract_text", b"image")
    assert len(pauses) == 3
    assert min(pauses) >= 4


@pytest.mark.parametrize(
    ("address", "absent"), [("http://localhost:1", ("grpc", "google.rpc")), ("grpc://localhost:1", ("httpx",))]
)
def test_only_the_library_of_the_wire_is_imported(address: str, absent: tuple[str, ...]) -> None:
    script = (
        "import sys; from ml_server.clients import AsyncOCRClient, OCRClient\n"
        f"OCRClient({address!r}).close(); AsyncOCRClient({address!r})\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    heavy = {"bentoml", "fastapi", "ml_server.pipeline", "ml_server.engines", "torch", "pypdfium2", "PIL"}
    assert not modules & (heavy | set(absent))


def test_time_left_is_shared_by_the_attempts() -> None:
    call = Call.begin(0.05)
    assert 0 < call.left_s() <= 0.05
    time.sleep(0.06)
    with pytest.raises(DeadlineExceeded, match=r"timeout_s of 0\.05 s"):
        call.left_s()


def test_json_numbers_keep_their_last_bit() -> None:
    box = ((0.1, 1 / 3), (2, 0.0), (1e-17, 5), (7.0, 8.0))
    word = {"text": "a", "confidence": 0.1 + 0.2, "bbox": [list(corner) for corner in box]}
    found = results.page(
        {
            "text_boxes": [{**word, "words": [word]}], "width": 1, "height": 2, "language": "korean", "engine": "e",
            "model_version": "v", "processing_time_ms": 1, "text": "a", "something_new": True,
        }
    )  # fmt: skip
    assert found == OCRPage(
        (Line("a", 0.1 + 0.2, box, (Word("a", 0.1 + 0.2, box),)),), 1, 2, "korean", "e", "v", 1, 1.0
    )
