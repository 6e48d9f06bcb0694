"""Records and what is written from them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks import plots, report, results
from benchmarks.everything import STEPS, merged_arguments
from benchmarks.results import Measurement, check

BEGAN = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def record(engine: str, value: float, **more: Any) -> dict[str, Any]:
    measurement = Measurement(
        "speed",
        {"engine": engine},
        [{"what": "ours", "per_s": value, "codes": {"200": 8}}, {"what": "theirs | peer", "per_s": None}],
        [check("ours / theirs", value, ">=", 1.3)],
        notes=["a note"],
        **more,
    )
    return results.record(measurement, f"python -m benchmarks speed --engine {engine}", BEGAN, 0.1)


@pytest.mark.parametrize(
    ("value", "relation", "limit", "passed"),
    [
        (1.3, ">=", 1.3, True),
        (1.29, ">=", 1.3, False),
        (1.25, "<=", 1.25, True),
        (1.0, "<", 1.0, False),
        (0, "==", 0, True),
        (float("nan"), "<=", 1.0, False),
    ],
)
def test_a_check_passes_when_its_relation_holds(value: float, relation: str, limit: float, passed: bool) -> None:
    assert check("x", value, relation, limit).passed is passed


def test_a_record_says_when_where_and_with_what_and_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    found = record("paddle", 1.5)

    results.append(found, file)
    results.append(record("paddle", 1.6), file)

    first, second = results.read(file)
    assert first == json.loads(json.dumps(found, allow_nan=False))
    assert second["rows"][0]["per_s"] == 1.6
    assert first["date"] == "2026-11-21T12:00:00+00:00"
    assert first["machine"]["cores"] >= 1
    assert first["versions"]["python"]
    assert first["checks"][0]["passed"] is True


def test_the_report_has_the_newest_record_of_each_engine_and_every_single_measurement() -> None:
    single = {"benchmark": "key_values_vs_ocr", "date": "2026-11-20", "words": 263, "ratio": 0.117}
    text = report.markdown([single, record("paddle", 1.111), record("tesseract", 5.5), record("paddle", 1.222)], {})

    assert "1.222" in text
    assert "5.5" in text
    assert "1.111" not in text
    assert "python -m benchmarks speed --engine paddle" in text
    assert "| ours / theirs | 1.222 | >= 1.3 | NO |" in text
    assert "theirs \\| peer" in text
    assert "key_values_vs_ocr" in text
    assert "0.117" in text


def test_every_record_that_was_kept_can_be_reported() -> None:
    text = report.markdown(results.read(), {})

    assert all(found["benchmark"] in text for found in results.read())


def test_the_report_that_is_kept_is_what_the_records_give() -> None:
    drawn = {path.stem: f"plots/{path.name}" for path in (report.REPORT.parent / "plots").glob("*.png")}

    assert report.REPORT.read_text(encoding="utf-8") == report.markdown(results.read(), drawn)


@pytest.mark.parametrize("series", [{}, {"resident MB": [(0.0, 400.0), (1.0, 410.0)]}])
def test_rows_or_curves_become_a_picture(series: dict[str, list[tuple[float, float]]], tmp_path: Path) -> None:
    file = tmp_path / "plots" / "speed.png"

    assert plots.draw(record("paddle", 1.5, series=series), file)

    with Image.open(file) as picture:
        assert picture.width > 300
        assert len(picture.convert("RGB").getcolors(2**24) or []) > 2  # not a blank sheet


def test_nothing_to_draw_draws_nothing(tmp_path: Path) -> None:
    file = tmp_path / "nothing.png"

    assert not plots.draw({"benchmark": "accuracy", "rows": [{"what": "forms", "word_f1": 0.9}]}, file)
    assert not file.exists()


def test_a_long_run_replaces_options_of_the_short_one() -> None:
    found = merged_arguments("speed --engine paddle --pages 8", "--pages 24 --rounds 3")

    assert found == ["speed", "--engine", "paddle", "--pages", "24", "--rounds", "3"]


def test_every_step_is_a_command_with_options_it_knows() -> None:
    from typer.main import get_command

    from benchmarks.__main__ import app

    group: Any = get_command(app)
    for step in STEPS:
        name, *arguments = merged_arguments(step.arguments, step.long)
        command = group.commands[name]
        command.make_context(name, arguments)  # raises on an option or value that is not known
