"""A real server with keys, TLS and client certificates, as the clients meet it over both wires."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from certificates import Authority, Pair, serial
from pages import png
from running_server import RunningServer, free_port, running

from ml_server.clients import OCRClient
from ml_server.errors import MLServerError, NotReady, Unauthenticated

MOCK = {"engine": "mock", "preload": "", "replicas": "1", "key_value_extractor": "mock", "key_value_preload": "false"}


class Secured:
    """The server, its files, and clients of it."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.pair = self.authority.issue("server")
        self.caller = self.authority.issue("caller")
        self.keys = folder / "keys"
        self.keys.write_text("bob: k-old\n")
        self.server: RunningServer

    def client(self, wire: str, key: str | None, own: Pair | None) -> OCRClient:
        files = {"cert_file": own.cert, "key_file": own.key} if own else {}
        address = self.server.http if wire == "http" else f"grpcs://{self.server.grpc}"
        return OCRClient(address, timeout_s=20, retries=0, api_key=key, ca_file=self.authority.file, **files)

    def context(self) -> ssl.SSLContext:
        found = ssl.create_default_context(cafile=self.authority.file)
        found.load_cert_chain(self.caller.cert, self.caller.key)
        return found

    def failure(self, wire: str, key: str | None, own: Pair | None) -> type[MLServerError] | None:
        with self.client(wire, key, own) as client:
            try:
                client.engines()
            except MLServerError as error:
                return type(error)
        return None


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    found = Secured(folder)
    files = {
        "tls_cert": str(found.pair.cert), "tls_key": str(found.pair.key), "tls_client_ca": str(found.authority.file),
        "api_keys_file": str(found.keys),
    }  # fmt: skip
    with running(folder, found.context(), **MOCK, **files) as started:
        found.server = started
        yield found


@pytest.mark.parametrize("wire", ["http", "grpc"])
def test_a_page_over_tls_with_certificate_and_key(secured: Secured, wire: str) -> None:
    with secured.client(wire, "k-old", secured.caller) as client:
        assert client.extract_text(png(60, 40)).width == 60
    assert secured.failure(wire, "k-old", None) is NotReady
    assert secured.failure(wire, None, secured.caller) is Unauthenticated
    assert secured.failure(wire, "k-wrong", secured.caller) is Unauthenticated


def test_probes_want_the_certificate_and_no_key(secured: Secured) -> None:
    with httpx.Client(verify=secured.context()) as client:
        assert client.get(f"{secured.server.http}/livez").status_code == 200
    stranger = ssl.create_default_context(cafile=secured.authority.file)
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{secured.server.http}/livez", verify=stranger)


def test_a_key_and_a_certificate_are_replaced_while_it_runs(secured: Secured) -> None:
    other = secured.keys.with_suffix(".new")
    other.write_text("bob: k-old\nbob: k-new\n")
    os.replace(other, secured.keys)
    pair = secured.authority.issue("renewed")
    os.replace(pair.cert, secured.pair.cert)
    os.replace(pair.key, secured.pair.key)
    wanted = serial(secured.pair.cert.read_bytes())
    ports = [int(address.rsplit(":", 1)[1]) for address in (secured.server.http, secured.server.grpc)]
    deadline = time.monotonic() + 40
    shown: list[int] = []
    while time.monotonic() < deadline and shown != [wanted] * 2:
        time.sleep(0.2)
        shown = [serial(ssl.get_server_certificate(("127.0.0.1", port)).encode()) for port in ports]
    assert shown == [wanted] * 2
    for wire in ("http", "grpc"):
        while time.monotonic() < deadline and secured.failure(wire, "k-new", secured.caller) is not None:
            time.sleep(0.2)
        assert secured.failure(wire, "k-new", secured.caller) is None
        assert secured.failure(wire, "k-old", secured.caller) is None
    secured.keys.write_text("bob: k-new\n")
    for wire in ("http", "grpc"):
        while time.monotonic() < deadline and secured.failure(wire, "k-old", secured.caller) is None:
            time.sleep(0.2)
        assert secured.failure(wire, "k-old", secured.caller) is Unauthenticated
        assert secured.failure(wire, "k-new", secured.caller) is None


def test_the_log_names_the_holder_and_no_key(secured: Secured) -> None:
    secured.failure("http", "k-secret-and-wrong", secured.caller)
    secured.failure("grpc", "k-secret-and-wrong", secured.caller)
    written = secured.server.log.read_text()
    assert "k-secret" not in written
    assert "k-new" not in written
    lines = [json.loads(line) for line in written.splitlines()]  # failed handshakes write no lines of another format
    named = {line["event"] for line in lines if line.get("key_name") == "bob"}
    assert {"request", "grpc_call"} <= named


def test_bentoml_serve_does_not_serve_plain_text_where_tls_is_wanted(secured: Secured) -> None:
    environment = os.environ | {f"ML_SERVER_{name.upper()}": value for name, value in MOCK.items()}
    environment |= {"ML_SERVER_TLS_CERT": str(secured.pair.cert), "ML_SERVER_TLS_KEY": str(secured.pair.key)}
    service = "ml_server.bentoml_services.service:MLServer"
    command = [sys.executable, "-m", "bentoml", "serve", service, "--port", str(free_port())]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "--ssl-certfile" in ended.stdout + ended.stderr
