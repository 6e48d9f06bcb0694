"""What is to be known of a reading is told where a prediction of it was made: Label Studio has no place for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from backend_client import MakePipeline, body, inline, serving, task
from labelling_configs import FORMS, OCR_TEMPLATE, PAGES
from pages import png
from predict_stage import stage
from structlog.testing import capture_logs
from typer.testing import CliRunner

from ml_server.cli import app
from ml_server.document import OCRPage
from ml_server.engines.mock_engine import MockEngine
from ml_server.label_studio import predict_passes
from ml_server.label_studio.predict import PredictReport, Warned
from ml_server.label_studio.predict_command import Passes, Watcher

CUT = "the answer was cut off"
WIDE = 400


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mock engine's answer for pages of one width is cut off."""
    read = MockEngine._read

    def warned(self: MockEngine, *given: Any) -> OCRPage:
        page = read(self, *given)
        return replace(page, warnings=(CUT,)) if page.width == WIDE else page

    monkeypatch.setattr(MockEngine, "_read", warned)


@pytest.mark.usefixtures("cut_off")
async def test_the_backend_tells_its_log_and_whoever_looks_at_its_answer(make_pipeline: MakePipeline) -> None:
    text = {"id": 3, "data": {"ocr": inline(png(WIDE, 90))}}
    pages = {"id": 4, "data": {"pages": [inline(png(300, 90)), inline(png(WIDE, 90))]}}
    asked = [([task(1), task(2, png(WIDE, 90))], FORMS), ([text], OCR_TEMPLATE), ([pages], PAGES)]
    expected = [{"task": number, "message": f"page {page}: {CUT}"} for number, page in ((2, 1), (3, 1), (4, 2))]
    with capture_logs() as logged:
        async with serving(make_pipeline) as client:
            found = [(await client.post("/predict", json=body(*some, config=config))).json() for some, config in asked]
    assert [warning for each in found for warning in each["warnings"]] == expected
    told = [(line["task"], line["warnings"]) for line in logged if line["event"] == "task_warned"]
    assert told == [(each["task"], [each["message"]]) for each in expected]
    for each in found:
        assert each["errors"] == []
        assert all(prediction.keys() == {"result", "score", "model_version"} for prediction in each["results"])


@pytest.mark.parametrize("predict", ["ocr", "both"])
async def test_predict_reports_the_tasks_that_it_has_predicted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, predict: str
) -> None:
    on = stage(monkeypatch, tmp_path, tasks=3)
    on.reader.warnings_of = {"task-2": (CUT, "mended")}
    report = await on.predict(predict)
    assert (report.done, report.failures) == (3, [])
    assert report.warnings == [Warned(2, f"page 1: {CUT}"), Warned(2, "page 1: mended")]
    assert (await on.predict(predict)).warnings == []


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_shows_them(monkeypatch: pytest.MonkeyPatch, as_json: bool) -> None:
    warnings = [Warned(2, f"page 1: {CUT}"), Warned(2, "page 1: mended")]

    async def over(passes: Passes, settings: Any, server: Any, watcher: Watcher, stop: Any) -> PredictReport:
        report = PredictReport(total=3, done=3, warnings=warnings)
        watcher.passed(report, "model 1", Path("f.jsonl"))
        return report

    monkeypatch.setattr(predict_passes, "predict", over)
    more = ["--json"] if as_json else []
    found = CliRunner().invoke(
        app, ["label-studio", "predict", "-p", "1", *more], env={"LABEL_STUDIO_API_KEY": "0" * 40}
    )
    assert found.exit_code == 0
    if as_json:
        told = [{"task": each.task, "message": each.message} for each in warnings]
        assert json.loads(found.stdout)["warnings"] == told
    else:
        assert found.stdout == "3 done (1 of them with warnings), 0 failed, 0 skipped (model 1)\n"
        assert f"ml-server: task 2: page 1: {CUT}\nml-server: task 2: page 1: mended\n" in found.stderr
