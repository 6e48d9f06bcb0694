"""A stand-in for vLLM: it speaks the OpenAI-compatible protocol and answers what a test tells it to. No model."""

from __future__ import annotations

import base64
import io
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

CELLS = json.dumps(
    [
        {"bbox": [28, 28, 280, 56], "category": "Title", "text": "# 영수증"},
        {
            "bbox": [28, 84, 280, 140],
            "category": "Table",
            "text": "<table><tr><td>합계</td><td>12,000</td></tr></table>",
        },
        {"bbox": [300, 28, 420, 140], "category": "Picture"},
    ]
)


@dataclass(frozen=True, slots=True)
class Say:
    """One answer: its text, or a status with a body; after so many seconds."""

    text: str = CELLS
    status: int = 200
    finish_reason: str = "stop"
    delay_s: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class StandIn:
    """What the server does next and what it has seen.

    Attributes:
        models: names it serves; ``max_model_len`` of all of them.
        key: what callers must send; empty for nothing.
        loading: 503 answers to ``/v1/models`` before the first good one.
        empty: good answers to ``/v1/models`` that list no model, before the first that does.
        listed: a status and a body to answer ``/v1/models`` with instead.
        down: whether everything is answered with 503.
        script: answers in turn; the last one is kept on.
        asked: the bodies of ``/v1/chat/completions``.
        most: requests that were under way at a time.
    """

    models: tuple[str, ...] = ("rednote-hilab/dots.ocr",)
    max_model_len: int = 32768
    key: str = ""
    loading: int = 0
    empty: int = 0
    listed: tuple[int, str] | None = None
    down: bool = False
    script: list[Say] = field(default_factory=lambda: [Say()])
    choose: Callable[[dict[str, Any]], Say] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    probes: int = 0
    under_way: int = 0
    most: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, body: dict[str, Any]) -> Say:
        """The answer to a request."""
        with self.lock:
            self.asked.append(body)
            if self.choose is None:
                return self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return self.choose(body)


def sent_picture(body: dict[str, Any]) -> Image.Image:
    """The picture in a request."""
    url = body["messages"][0]["content"][0]["image_url"]["url"]
    return Image.open(io.BytesIO(base64.b64decode(url.partition("base64,")[2])))


def sent_prompt(body: dict[str, Any]) -> str:
    """The prompt in a request."""
    return str(body["messages"][0]["content"][1]["text"])


@contextmanager
def stand_in(tls: ssl.SSLContext | None = None, port: int = 0, **settings: Any) -> Iterator[StandIn]:
    """A running stand-in on loopback, on a free port or on the one given, over TLS if given a context."""
    state = StandIn(**settings)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            state.probes += 1
            if self._refused():
                return
            if state.listed is not None:
                status, text = state.listed
                self._send(status, text, {"Location": "https://other/"})
            elif state.loading > 0:
                state.loading -= 1
                self._send(503, {"error": {"message": "loading"}})
            elif self.path == "/v1/models" and state.empty > 0:
                state.empty -= 1
                self._send(200, {"object": "list", "data": []})
            elif self.path == "/v1/models":
                models = [{"id": name, "root": name, "max_model_len": state.max_model_len} for name in state.models]
                self._send(200, {"object": "list", "data": models})
            else:
                self._send(404, {"detail": "Not Found"})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self._refused():
                return
            with state.lock:
                state.under_way += 1
                state.most = max(state.most, state.under_way)
            say = state.next(body)
            time.sleep(say.delay_s)
            with state.lock:
                state.under_way -= 1
            if say.status != 200:
                self._send(say.status, {"error": {"message": say.text}}, say.headers)
                return
            choice = {"message": {"role": "assistant", "content": say.text}, "finish_reason": say.finish_reason}
            self._send(200, {"choices": [choice], "usage": {"completion_tokens": len(say.text)}})

        def _refused(self) -> bool:
            if state.down:
                self._send(503, {"error": {"message": "loading"}})
                return True
            if state.key and self.headers.get("Authorization") != f"Bearer {state.key}":
                self._send(401, {"error": {"message": "no such key"}})
                return True
            return False

        def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Nothing: the tests look at what was asked."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args: object) -> None:
            """Nothing: callers that hang up are part of the tests."""

    server = Server(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    state.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
