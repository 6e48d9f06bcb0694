"""What happens to a running server when things go wrong: killed engines, hostile files, bombs, slow engines."""

from __future__ import annotations

import signal
import socket
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from pages import bad_png, png
from running_server import RunningServer

FRAMEWORKS = {
    *("torch", "transformers", "tokenizers", "easyocr"),
    *("paddle", "paddleocr", "paddlex", "onnxruntime", "tesserocr", "pypdfium2", "cv2"),
}


def test_the_server_process_holds_no_framework(server: RunningServer, samples: Path) -> None:
    page = (samples / "invoice_english.png").read_bytes()
    answer = httpx.post(f"{server.http}/extract_text", files={"image": page}, data={"language": "en"}, timeout=60)
    assert answer.status_code == 200
    form = {"language": "en"}
    answer = httpx.post(f"{server.http}/extract_key_values", files={"document": page}, data=form, timeout=120)
    assert answer.status_code == 200
    front = server.front()
    front.send_signal(signal.SIGUSR1)
    dump = server.dump / f"{front.pid}.modules"
    for _ in range(100):
        if dump.exists() and dump.stat().st_size:
            break
        time.sleep(0.05)
    modules = set(dump.read_text().split())
    assert "bentoml" in modules, "this is not the process that serves HTTP"
    assert "grpc" in modules, "gRPC is served by another process"
    assert not modules & FRAMEWORKS


def test_the_request_of_a_killed_engine_is_answered_by_its_replacement(mock_server: RunningServer) -> None:
    with ThreadPoolExecutor(2) as threads:
        calls = [
            threads.submit(httpx.post, f"{mock_server.http}/extract_text", files={"image": png(30 + i, 20)}, timeout=60)
            for i in range(2)
        ]
        time.sleep(0.4)
        before = mock_server.engines()
        for process in before:
            process.kill()
        answers = [call.result() for call in calls]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["width"] for answer in answers] == [30, 31]
    assert httpx.get(f"{mock_server.http}/readyz").status_code == 200
    assert not {process.pid for process in before} & {process.pid for process in mock_server.engines()}


def test_a_page_that_kills_engines_is_refused_and_the_server_stays(mock_server: RunningServer) -> None:
    answer = httpx.post(f"{mock_server.http}/extract_text", files={"image": bad_png()}, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "engine_crashed")
    answer = httpx.post(f"{mock_server.http}/extract_text", files={"image": png()}, timeout=60)
    assert answer.status_code == 200


def test_a_slow_engine_delays_neither_probes_nor_another_engine(server: RunningServer, samples: Path) -> None:
    page = (samples / "invoice_korean.png").read_bytes()
    done = threading.Event()

    def busy() -> None:
        with ThreadPoolExecutor(6) as threads:
            form = {"engine": "tesseract", "language": "korean"}
            for _ in range(6):
                threads.submit(httpx.post, f"{server.http}/extract_text", files={"image": page}, data=form, timeout=120)
        done.set()

    threading.Thread(target=busy).start()
    time.sleep(0.3)
    probes = 0
    answer = httpx.post(f"{server.http}/extract_text", files={"image": png()}, data={"engine": "mock"}, timeout=60)
    assert answer.status_code == 200
    while not done.is_set() and probes < 20:
        assert httpx.get(f"{server.http}/livez", timeout=2).status_code == 200
        probes += 1
    assert probes, "tesseract was done before the mock engine answered"
    assert done.wait(120)


def bombs() -> dict[str, bytes]:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    def huge_png(side: int) -> bytes:
        header = side.to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
        body = chunk(b"IDAT", zlib.compress(bytes(10_000_000), 9))
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")

    count = 10_000
    kids = " ".join("3 0 R" for _ in range(count))
    pdf = (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        f"2 0 obj<</Type/Pages/Count {count}/Kids[{kids}]>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
    return {"60000x60000.png": huge_png(60_000), "10000-pages.pdf": pdf.encode(), "half.png": png(500, 500)[:300]}


@pytest.mark.parametrize("name", ["60000x60000.png", "10000-pages.pdf", "half.png"])
def test_bombs_are_refused(server: RunningServer, name: str) -> None:
    answer = httpx.post(f"{server.http}/extract_document", files={"document": bombs()[name]}, timeout=10)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["message"]
    assert httpx.get(f"{server.http}/readyz").status_code == 200


def test_four_gigabytes_are_refused_before_they_are_sent(server: RunningServer) -> None:
    host, port = server.http.removeprefix("http://").split(":")
    head = (
        "POST /extract_text HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {4 * 2**30}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.startswith("HTTP/1.1 413")
    assert '"payload_too_large"' in answer


def test_an_upload_that_breaks_off_harms_nobody(server: RunningServer) -> None:
    host, port = server.http.removeprefix("http://").split(":")
    head = (
        "POST /extract_text HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 100000\r\n\r\n--b\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\nabc"
    )
    for _ in range(5):
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(head.encode())
    assert httpx.get(f"{server.http}/readyz").status_code == 200
    assert "Traceback" not in server.log.read_text()


def test_hostile_files_end_in_an_answer_and_leave_no_memory(server: RunningServer, data: Path) -> None:
    files = sorted(path for path in (data / "hostile").rglob("*") if path.is_file())
    assert len(files) > 100

    def send(path: Path) -> tuple[Path, int, float]:
        began = time.monotonic()
        form = {"engine": "mock", "language": "en"}
        answer = httpx.post(
            f"{server.http}/extract_document", files={"document": path.read_bytes()}, data=form, timeout=30
        )
        if answer.status_code >= 400:
            assert answer.json()["error"]["message"], path
        return path, answer.status_code, time.monotonic() - began

    def resident() -> int:
        """Of the server, its decoders and its engines."""
        return sum(process.memory_info().rss for process in (server.front(), *server.engines()))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(send, files))
        before, front = resident(), server.front().pid
        outcomes = list(threads.map(send, files))
    assert [outcome for outcome in outcomes if outcome[1] not in (200, 400, 413)] == []
    assert [outcome for outcome in outcomes if outcome[2] >= 10] == []
    assert httpx.get(f"{server.http}/readyz").status_code == 200
    assert server.front().pid == front
    assert resident() - before < 150 * 2**20
