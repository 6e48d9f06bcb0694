"""Synthetic pages: the same from the same seed, boxes where the ink is, links that hold."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

pytest.importorskip("playwright", reason="playwright is not installed")
pytest.importorskip("faker", reason="faker is not installed")

import numpy as np
from PIL import Image

from ml_server.training.synthetic.generate import Run, generate, pages_written, shard_path
from ml_server.training.synthetic.record import FormPage, read_pages
from ml_server.training.synthetic.render import Renderer, chromium
from ml_server.training.synthetic.scan import Warp, random_warp, scanned
from ml_server.training.synthetic.synthesis import Synthesis, synthesise

needs_browser = pytest.mark.skipif(chromium() is None, reason="no Chromium is installed: apt-get install chromium")


@dataclass(frozen=True)
class Made:
    pages: list[FormPage]
    again: FormPage
    other_seed: FormPage
    clean: Synthesis


@pytest.fixture(scope="module")
def made() -> Made:
    # One browser for all tests: Playwright runs one driver a thread, so it is closed before any test starts its own.
    with Renderer() as renderer:
        return Made(
            pages=[synthesise(renderer, 11, number, scan=True).page for number in range(24)],
            again=synthesise(renderer, 11, 5, scan=True).page,
            other_seed=synthesise(renderer, 12, 5, scan=True).page,
            clean=synthesise(renderer, 3, 1, picture=True),
        )


@pytest.fixture
def pages(made: Made) -> list[FormPage]:
    return made.pages


@needs_browser
def test_same_seed_same_page(made: Made) -> None:
    assert made.again == made.pages[5]
    assert made.other_seed.form != made.pages[5].form
    assert len({page.form for page in made.pages}) == len(made.pages)


@needs_browser
def test_boxes_lie_on_the_page(pages: list[FormPage]) -> None:
    for page in pages:
        for entity in page.form:
            for x0, y0, x1, y1 in (entity.box, *(word.box for word in entity.words)):
                assert 0 <= x0 < x1 <= page.width
                assert 0 <= y0 < y1 <= page.height
            left = min(word.box[0] for word in entity.words)
            assert entity.box[0] == left


@needs_browser
def test_entities_say_what_their_words_say(pages: list[FormPage]) -> None:
    for page in pages:
        assert [entity.id for entity in page.form] == list(range(len(page.form)))
        for entity in page.form:
            assert entity.text == " ".join(word.text for word in entity.words)
            assert all(word.text and not any(map(str.isspace, word.text)) for word in entity.words)


@needs_browser
def test_links_join_legal_ends(pages: list[FormPage]) -> None:
    legal = {("header", "question"), ("question", "answer")}
    found = set()
    for page in pages:
        for entity in page.form:
            for source, target in entity.linking:
                assert entity.id in (source, target)
                assert (source, target) in page.form[source].linking
                assert (source, target) in page.form[target].linking
                found.add((page.form[source].label, page.form[target].label))
    assert found == legal


@needs_browser
def test_pages_differ_as_documents_do(pages: list[FormPage]) -> None:
    assert {page.language for page in pages} == {"english", "korean", "mixed"}
    assert len({page.kind for page in pages}) >= 3
    questions = [entity for page in pages for entity in page.form if entity.label == "question"]
    answered = [entity for entity in questions if any(source == entity.id for source, _ in entity.linking)]
    assert 0.3 < len(answered) / len(questions) < 0.95


@needs_browser
def test_ink_lies_in_the_boxes(made: Made) -> None:
    page, png = made.clean.page, made.clean.png
    assert png is not None
    picture = Image.open(io.BytesIO(png)).convert("L")
    assert picture.size == (page.width, page.height)
    pixels = np.asarray(picture)
    for entity in page.form:
        for word in entity.words:
            x0, y0, x1, y1 = word.box
            patch = pixels[y0:y1, x0:x1]
            assert int(patch.max()) - int(patch.min()) > 40, word


@needs_browser
@pytest.mark.parametrize("funsd", [False, True])
def test_a_stopped_run_goes_on(tmp_path: Path, funsd: bool) -> None:
    run = Run(tmp_path, pages=5, seed=4, funsd=funsd, shard_pages=2)
    assert generate(run, processes=1) == 5
    if funsd:
        forms = [json.loads(path.read_text("utf-8")) for path in sorted((tmp_path / "annotations").iterdir())]
    else:
        forms = [page for path in sorted(tmp_path.glob("pages-*.jsonl")) for page in read_pages(path)]
    assert [form["name"] for form in forms] == [f"4-{number:06d}" for number in range(5)]
    assert set(forms[0]["form"][0]) == {"id", "text", "label", "box", "words", "linking"}
    assert pages_written(run) == 5
    assert generate(run, processes=1) == 0
    shard_path(run, 1).unlink()
    assert generate(run, processes=1) == 2
    with pytest.raises(ValueError, match="another run"):
        generate(replace(run, seed=5), processes=1)


def test_a_warp_moves_boxes_with_the_picture() -> None:
    image = Image.new("L", (200, 300), 255)
    image.paste(0, (120, 40, 150, 60))
    warp = Warp(200, 300, angle=2.0, scale=0.97, shift=(3.0, -4.0))
    dark = np.argwhere(np.asarray(warp.image(image)) < 128)
    top, left = dark.min(axis=0)
    bottom, right = dark.max(axis=0) + 1
    assert warp.box((120, 40, 150, 60)) == pytest.approx((left, top, right, bottom), abs=1)


def test_boxes_pushed_off_the_sheet_keep_to_its_edge() -> None:
    warp = Warp(200, 300, angle=0.0, scale=1.0, shift=(50.0, -80.0))
    assert warp.box((190, 10, 199, 20)) == (199, 0, 200, 1)


def test_a_scan_is_the_same_from_the_same_seed() -> None:
    clean = io.BytesIO()
    Image.new("RGB", (60, 80), "white").save(clean, "PNG")
    for seed in range(6):
        warp = random_warp(Random(seed), 60, 80)
        first = scanned(clean.getvalue(), warp, Random(seed))
        assert first == scanned(clean.getvalue(), warp, Random(seed))
        assert Image.open(io.BytesIO(first)).size == (60, 80)
