"""The shipped model behind a real server: samples read by real engines, through both wires and the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from running_server import RunningServer

from ml_server.clients import OCRClient
from ml_server.engines.layoutlm.model_source import SHIPPED

VERSION = json.loads((SHIPPED / "ml_server.json").read_text())["version"]
EXPECTED = {
    "invoice_korean": {
        "청구번호": "2026-0417-03",
        "발행일": "2026년 4월 17일",
        "납기일": "2026년 5월 15일",
        "계좌번호": "110-382-904417",
    },
    "invoice_english": {
        "Invoice number": "NP-2026-00831",
        "Due date": "17 May 2026",
        "Account number": "00417831",
        "Total due": "GBP 2,397.24",
    },
}


def key_values(server: RunningServer, document: Path, **form: str) -> dict[str, Any]:
    with document.open("rb") as file:
        answer = httpx.post(f"{server.http}/extract_key_values", files={"document": file}, data=form, timeout=170)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize(("name", "language"), [("invoice_korean", "korean"), ("invoice_english", "english")])
def test_the_samples_give_their_pairs_alike_through_every_way_in(
    server: RunningServer, samples: Path, tmp_path: Path, name: str, language: str
) -> None:
    document = samples / f"{name}.png"
    page = key_values(server, document, language=language)["pages"][0]
    found = {pair["key"].rstrip(" :"): pair["value"] for pair in page["key_values"]}
    assert EXPECTED[name].items() <= found.items(), found
    assert page["model_version"] == VERSION

    with OCRClient(server.http, timeout_s=170) as one, OCRClient(f"grpc://{server.grpc}", timeout_s=170) as other:
        over_http = [replace(p, processing_time_ms=0) for p in one.extract_key_values(document, language=language)]
        over_grpc = [replace(p, processing_time_ms=0) for p in other.extract_key_values(document, language=language)]
    assert over_http == over_grpc
    assert [pair.value for pair in over_grpc[0].key_values] == [pair["value"] for pair in page["key_values"]]

    picture = tmp_path / "pairs.png"
    command = [str(Path(sys.executable).parent / "ml-server"), "extract", str(document), "--key-values", "--json"]
    command += ["--lang", language, "--overlay", str(picture)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=170)
    local = json.loads(done.stdout)["pages"][0]
    assert [(p["key"], p["value"]) for p in local["key_values"]] == [(p["key"], p["value"]) for p in page["key_values"]]
    with Image.open(picture) as drawn:
        assert drawn.width >= 1000


def test_every_page_of_a_document_is_understood(server: RunningServer, samples: Path) -> None:
    pages = key_values(server, samples / "invoices.pdf", language="korean+english")["pages"]
    assert [page["page"] for page in pages] == list(range(1, len(pages) + 1))
    assert all(page["key_values"] for page in pages)


def test_the_model_is_listed_with_its_licence(server: RunningServer) -> None:
    listed = {engine["name"]: engine for engine in httpx.get(f"{server.http}/engines").json()["engines"]}
    assert listed["layoutlm"]["kind"] == "key_values"
    assert listed["layoutlm"]["license"] == "apache-2.0"
    assert listed["layoutlm"]["version"].startswith(VERSION)
