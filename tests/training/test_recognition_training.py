"""From the released recogniser to one with Hangul and back to a folder that PaddleOCR loads."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from rapidfuzz.distance import Levenshtein
from torch.nn import functional

from ml_server.engines import paddle_weights
from ml_server.engines.base import EngineConfig, ReadOptions
from ml_server.engines.paddle_engine import PaddleEngine
from ml_server.engines.runtimes import onnxruntime
from ml_server.errors import EngineUnavailable, InvalidRequest
from ml_server.languages import parse
from ml_server.training.recognition import alphabet
from ml_server.training.recognition.batches import batch, by_width, decoded, stream
from ml_server.training.recognition.ctc_loss import ctc_loss
from ml_server.training.recognition.export import write
from ml_server.training.recognition.fit import Knobs, Recogniser, fit, read, validate
from ml_server.training.recognition.head import Head
from ml_server.training.recognition.lines import HEIGHT, Line, Lines
from ml_server.training.recognition.network import read_body, read_head
from ml_server.training.recognition.recall import Reader
from ml_server.workers import warm_up_page

CPU = torch.device("cpu")
TINY = Knobs(steps=2, frozen=0.5, columns=640, validate_every=1, seed=3)


@pytest.fixture
def model(released: Path) -> Recogniser:
    weight, bias, known = read_head(released)
    return Recogniser(read_body(released), Head(alphabet.characters(), known, weight, bias))


def session(file: Path) -> Any:
    return onnxruntime().InferenceSession(str(file), providers=["CPUExecutionProvider"])


def plain(text: str, width: int = 400) -> Line:
    """Not a picture of the text: for what does not read it."""
    return Line(np.full((HEIGHT, width, 3), (200, 100, 50), np.uint8), text)


def test_the_module_computes_what_the_released_file_does(released: Path) -> None:
    lines = batch([Lines(seed=5)[index] for index in range(3)]).input()
    weight, bias, _ = read_head(released)
    with torch.no_grad():
        logits = read_body(released).eval()(lines) @ torch.from_numpy(weight.T) + torch.from_numpy(bias)
    (expected,) = session(released).run(None, {"x": lines.numpy()})
    np.testing.assert_allclose(functional.softmax(logits, -1).numpy(), expected, atol=5e-4)


def test_the_shipped_weights_read_lines_they_have_not_seen() -> None:
    lines = [Lines(seed=77)[index] for index in range(60)]
    # Line by line, as narrow as the engine pads.
    reader = Reader(paddle_weights.SHIPPED)
    said = [reader.read([line.pixels])[0] for line in lines]
    edits = sum(Levenshtein.distance(line.text, read) for line, read in zip(lines, said, strict=True))
    assert edits < 0.06 * sum(len(line.text) for line in lines)


def test_another_network_is_refused(tmp_path: Path) -> None:
    detector = paddle_weights.find(paddle_weights.DETECTOR, None)
    assert detector is not None
    assert detector.file is not None
    with pytest.raises(EngineUnavailable, match="not the PP-OCRv6 small recogniser"):
        read_body(detector.file)


def test_known_characters_keep_their_rows_and_syllables_share_their_letters(released: Path, model: Recogniser) -> None:
    weight, _, known = read_head(released)
    rows, codes = model.head.rows().detach().numpy(), alphabet.codes()
    for mark in "Aa7.(金":
        np.testing.assert_array_equal(rows[codes[mark]], weight[known.index(mark) + 1])
    np.testing.assert_array_equal(rows[codes[" "]], weight[-1])
    np.testing.assert_array_equal(rows[0], weight[0])
    # 각 - 가 and 낙 - 나 are both the row of the tail ㄱ.
    tail = rows[codes["각"]] - rows[codes["가"]]
    np.testing.assert_allclose(rows[codes["낙"]] - rows[codes["나"]], tail, atol=1e-5)
    assert np.abs(tail).max() > 0.01
    assert rows.shape == (len(alphabet.characters()) + 1, 120)


def test_the_loss_and_its_gradient_are_those_over_all_classes() -> None:
    torch.manual_seed(0)
    logits = torch.randn(3, 20, 50, dtype=torch.float64, requires_grad=True)
    targets = [torch.tensor([3, 3, 5]), torch.tensor([7]), torch.tensor([9, 1, 9, 2, 2, 30])]
    lengths = torch.tensor([len(target) for target in targets])
    found = ctc_loss(logits, targets)
    steps = torch.full((3,), 20)
    whole = functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1), torch.cat(targets), steps, lengths, reduction="none"
    )
    expected = whole.sum() / lengths.sum()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    (ours,), (theirs,) = torch.autograd.grad(found, logits), torch.autograd.grad(expected, logits)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    assert theirs.abs().max() > 0.01


def test_lines_are_padded_as_paddleocr_does() -> None:
    made = batch([plain("가", 100), plain("나다", 640)])
    assert made.pixels.shape == (2, HEIGHT, 640, 3)
    x = made.input()
    assert x[0, :, 0, 0].tolist() == pytest.approx([50 / 127.5 - 1, 100 / 127.5 - 1, 200 / 127.5 - 1])  # blue first
    assert (x[0, :, :, 100:] == 0).all()
    assert batch([plain("가", 100)]).pixels.shape[2] == 320
    assert [target.tolist() for target in made.targets] == [[1], [alphabet.codes()["나"], alphabet.codes()["다"]]]


def test_groups_stay_below_the_limit_and_lose_no_line() -> None:
    lines = [plain("가", width) for width in (900, 330, 100, 2000, 640, 320, 321)]
    groups = by_width(lines, 1300)
    assert sorted(id(line) for group in groups for line in group) == sorted(map(id, lines))
    for group in groups:
        widest = max(320, *(line.pixels.shape[1] for line in group))
        assert len(group) == 1 or len(group) * widest <= 1300


def test_the_best_path_drops_blanks_and_repeats() -> None:
    a, b = alphabet.codes()["가"], alphabet.codes()[" "]
    assert decoded(np.array([0, a, a, 0, a, b, b, 0, a])) == "가가 가"


def test_the_stream_goes_on_where_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_server.training.recognition.batches.POOL", 6)
    first = stream(Lines(seed=4), 2000, workers=0)
    pools = [next(first) for _ in range(12)]
    again = next(stream(Lines(seed=4), 2000, first=1, workers=0))
    same = next(item for item in pools if item.pool == 1)
    assert torch.equal(again.pixels, same.pixels)


def test_a_run_resumes_and_exports(released: Path, tmp_path: Path) -> None:
    """A real run, if a short one: the frozen half, the other half, a checkpoint, and the engine reading the export.

    In a process of its own: torch's training and the engines of other tests crash together in one, which is why the
    server gives every engine its own.
    """
    child = multiprocessing.get_context("spawn").Process(target=_run_resume_and_export, args=(released, tmp_path))
    child.start()
    child.join(400)
    assert child.exitcode == 0


def _run_resume_and_export(released: Path, tmp_path: Path) -> None:
    weight, bias, known = read_head(released)
    model = Recogniser(read_body(released), Head(alphabet.characters(), known, weight, bias))
    held_out = [Lines(seed=9)[index] for index in range(3)]
    fit(model, Lines(seed=3, widest=320), held_out, tmp_path, TINY, lambda step, steps, line: None)
    curve = json.loads((tmp_path / "curve.json").read_text())
    assert [entry["step"] for entry in curve] == [0, 1, 2]
    assert np.isfinite([entry["loss"] for entry in curve]).all()
    moved = {name: kept.clone() for name, kept in model.state_dict().items()}
    fresh = Recogniser(read_body(released), Head(alphabet.characters(), [], *read_head(released)[:2]))
    score = fit(fresh, Lines(seed=3, widest=320), held_out, tmp_path, TINY, lambda step, steps, line: None)
    assert score.characters == curve[-1]["characters"]
    assert all(torch.equal(kept, moved[name]) for name, kept in fresh.state_dict().items())
    with pytest.raises(InvalidRequest, match="other steps, lines"):
        fit(fresh, Lines(), held_out, tmp_path, replace(TINY, steps=3), lambda step, steps, line: None)

    folder = tmp_path / paddle_weights.SHIPPED_RECOGNISER
    write(model, released, folder)
    assert (folder / "inference.onnx").stat().st_size < 15e6
    config = yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))
    assert [*config["PostProcess"]["character_dict"], " "] == list(alphabet.characters())
    engine = PaddleEngine(EngineConfig(parse("korean"), threads=1, model_dir=tmp_path))
    (page,) = engine.read([warm_up_page()], ReadOptions(parse("korean")))
    # The version is that of the weights in the package, and of no others.
    assert page.model_version.startswith(f"{paddle_weights.SHIPPED_RECOGNISER} (paddleocr ")


def test_a_body_that_reads_english_still_does_in_our_module(model: Recogniser) -> None:
    lines = [line for line in (Lines(seed=12, worn=0.0)[index] for index in range(40)) if line.text.isascii()]
    assert len(lines) >= 5
    assert validate(model, lines, 4000, CPU).characters > 0.9
    assert any(said == lines[0].text for said in read(model, batch(lines[:1]), CPU))
