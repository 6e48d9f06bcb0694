"""``ml-server bulk`` with the vision-language engine: as many pages at a time as its model server may get."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bulk_runs import bulk
from pages import png
from vlm_stand_in import CELLS, Say, stand_in


@pytest.mark.parametrize(("arguments", "most"), [((), 5), (("-p", "3"), 3)])
def test_the_model_server_gets_as_many_pages_as_it_may(arguments: tuple[str, ...], most: int, tmp_path: Path) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for number in range(12):
        (scans / f"page{number:02}.png").write_bytes(png(560, 280 + number))
    cut = Say(CELLS[:-20], finish_reason="length", delay_s=0.5)
    with stand_in(script=[cut]) as model:
        done = bulk(scans, tmp_path / "out", *arguments, engine="vlm", vlm_url=model.url, vlm_concurrency="5")
        assert done.returncode == 0, done.stderr
        assert model.most == most
    body = json.loads((tmp_path / "out" / "page00" / "page1.json").read_text())
    assert [block["category"] for block in body["blocks"]] == ["Title", "Table"]
    assert "cut off at its limit" in body["warnings"][0]
