"""A whole server on the vision-language engine, whose model is a stand-in: both wires, keys and values, an outage."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pages import png
from running_server import running
from vlm_stand_in import CELLS, Say, stand_in

from ml_server.clients import OCRClient
from ml_server.errors import NotReady


def test_both_wires_give_blocks_and_an_outage_passes(tmp_path: Path) -> None:
    settings = {"engine": "vlm", "preload": "", "key_value_extractor": "mock", "key_value_preload": "false"}
    with stand_in(loading=3, key="k") as model:
        settings |= {"vlm_url": model.url, "vlm_api_key": "k", "vlm_timeout_s": "1.5", "vlm_concurrency": "2"}
        with running(tmp_path, None, **settings) as server:
            page = png(560, 280)
            with OCRClient(server.http, timeout_s=60, retries=0) as http, OCRClient(f"grpc://{server.grpc}") as grpc:
                found = http.extract_text(page)
                assert [block.category for block in found.blocks] == ["Title", "Table", "Picture"]
                assert found.text == "영수증\n합계 12,000"
                other = grpc.extract_text(page)
                assert replace(other, processing_time_ms=0.0) == replace(found, processing_time_ms=0.0)
                assert http.extract_key_values(page)[0].entities
                assert [info.name for info in http.engines() if info.default] == ["vlm"]
                model.script[:] = [Say(CELLS[:-20], finish_reason="length")]
                cut = http.extract_text(page)
                assert [block.category for block in cut.blocks] == ["Title", "Table"]
                assert [warning.partition(" (")[0] for warning in cut.warnings] == [
                    "the model's answer was cut off at its limit"
                ]
                assert grpc.extract_text(page).warnings == cut.warnings
                for client in (http, grpc):
                    assert client.extract_key_values(page)[0].warnings == cut.warnings
                model.script[:] = [Say()]
                model.down = True
                with pytest.raises(NotReady, match="answered 503: loading"):
                    http.extract_text(page)
                model.down = False
                assert http.extract_text(page).blocks
            model.script[:] = [Say(CELLS[:-20], finish_reason="length")]
            (tmp_path / "page.png").write_bytes(page)
            command = [
                str(Path(sys.executable).parent / "ml-server"),
                "extract",
                "--engine",
                "vlm",
                str(tmp_path / "page.png"),
            ]
            environment = os.environ | {"ML_SERVER_VLM_URL": model.url, "ML_SERVER_VLM_API_KEY": "k"}
            said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            assert said.stdout == "영수증\n합계 12,000\n"
            assert "page.png: page 1: the model's answer was cut off at its limit" in said.stderr
            assert "ML_SERVER_VLM_API_KEY" not in server.log.read_text()
            assert '"k"' not in server.log.read_text()
