"""The vision-language engine against a stand-in that speaks the model server's protocol."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from pages import png, tiff
from vlm_engines import KOREAN, engine, page
from vlm_stand_in import Say, sent_picture, sent_prompt, stand_in

from ml_server.document import DocumentRequest, OCRPage, Page
from ml_server.engines.base import EngineConfig
from ml_server.engines.factory import OCREngineFactory
from ml_server.engines.vlm.options import VLMOptions
from ml_server.engines.vlm_engine import VLMEngine
from ml_server.errors import EngineFailed, EngineUnavailable, InvalidImage, MLServerError
from ml_server.languages import parse
from ml_server.pipeline import Pipeline
from ml_server.workers import EngineWorker


def each(made: VLMEngine, pages: list[Page]) -> list[OCRPage | MLServerError]:
    return made.attempt(lambda part: made.read(part, KOREAN), pages)


def test_a_page_becomes_blocks_in_its_own_pixels_and_lines_of_them() -> None:
    with stand_in() as server, engine(server) as made:
        (found,) = made.read([page(number=3)], KOREAN)
    assert [(block.category, block.format) for block in found.blocks] == [
        ("Title", "markdown"),
        ("Table", "html"),
        ("Picture", "markdown"),
    ]
    assert list(found.blocks[0].bbox) == [(28, 28), (280, 28), (280, 56), (28, 56)]
    assert found.blocks[0].text == "# 영수증"
    assert found.blocks[0].confidence is None
    assert found.text == "영수증\n합계 12,000"
    assert [word.text for word in found.lines[1].words] == ["합계", "12,000"]
    assert list(found.lines[1].words[1].bbox[0]) == [154, 84]  # the second cell begins in the table's middle
    assert (found.number, found.engine, found.language, found.warnings) == (3, "vlm", "korean", ())
    assert found.model_version == "rednote-hilab/dots.ocr (dots.ocr, layout)"


def test_what_is_sent_is_what_the_model_was_trained_with() -> None:
    with stand_in() as server, engine(server) as made:
        (found,) = made.read([page(1000, 700)], KOREAN)
    (body,) = server.asked
    assert sent_picture(body).size == (1008, 700)  # multiples of 28
    assert found.blocks[0].bbox[0][0] == pytest.approx(28 * 1000 / 1008, abs=0.1)
    prompt = sent_prompt(body)
    assert prompt.startswith("<|img|><|imgpad|><|endofimg|>Please output the layout information from the PDF image,")
    assert "['Caption', 'Footnote', 'Formula'," in prompt
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("rednote-hilab/dots.ocr", 0.1, 16384)


def test_pictures_and_answers_keep_to_the_limits() -> None:
    with stand_in(max_model_len=2000) as server, engine(server, max_pixels=200_000, image_format="jpeg") as made:
        made.read([page(2000, 1000)], KOREAN)
        with pytest.raises(InvalidImage, match="200 times"):
            made.read([page(2010, 10)], KOREAN)
    (body,) = server.asked
    picture = sent_picture(body)
    assert picture.format == "JPEG"
    assert picture.width * picture.height <= 200_000
    assert abs(picture.width - 2 * picture.height) <= 28
    assert body["max_tokens"] < 2000 - picture.width * picture.height // 784


@pytest.mark.parametrize(
    ("prompt", "asked", "said", "blocks"),
    [
        ("auto", "OCR:", "합계\n12,000", [("Text", "text", "합계\n12,000")]),
        (
            "table",
            "Table Recognition:",
            "<fcel>합계<fcel>12<nl>",
            [("Table", "html", "<table><tr><td>합계</td><td>12</td></tr></table>")],
        ),
        ("formula", "Formula Recognition:", "\\frac{1}{2}", [("Formula", "latex", "\\frac{1}{2}")]),
        (
            "spotting",
            "Spotting:",
            "합계<|LOC_100|><|LOC_200|><|LOC_300|><|LOC_200|><|LOC_300|><|LOC_300|><|LOC_100|><|LOC_300|>",
            [("Text", "text", "합계")],
        ),
        ("Read it aloud", "Read it aloud", '[{"bbox": [0, 0, 9, 9], "text": "a"}]', [("Text", "markdown", "a")]),
        ("Read it aloud", "Read it aloud", "[x] done", [("Text", "markdown", "[x] done")]),
    ],
)
def test_paddleocr_vl_is_asked_by_task(prompt: str, asked: str, said: str, blocks: list[tuple[str, str, str]]) -> None:
    served = stand_in(models=("PaddlePaddle/PaddleOCR-VL",), script=[Say(said)])
    with served as server, engine(server, prompt=prompt) as made:
        (found,) = made.read([page()], KOREAN)
    assert sent_prompt(server.asked[0]) == asked
    assert [(block.category, block.format, block.text) for block in found.blocks] == blocks
    assert ("skip_special_tokens" in server.asked[0]) == (prompt == "spotting")
    if prompt == "spotting":
        assert list(found.lines[0].bbox) == [(56, 56), (168, 56), (168, 84), (56, 84)]
        assert sent_picture(server.asked[0]).size == (1120, 560)  # small pages are enlarged for it


def test_spotted_text_without_corners_is_kept() -> None:
    corners = "".join(f"<|LOC_{at}|>" for at in (100, 200, 300, 200, 300, 300, 100, 300))
    script = [Say("합계 12,000</s>"), Say(f"합계{corners}\n12,0<|LOC_1|><|LOC_2|>", finish_reason="length")]
    with (
        stand_in(models=("PaddleOCR-VL",), script=[script[0], *script]) as server,
        engine(server, prompt="spotting") as made,
    ):
        (plain,) = made.read([page()], KOREAN)  # asked twice: another try may give corners
        (cut,) = made.read([page()], KOREAN)
    assert len(server.asked) == 3
    assert plain.text == "합계 12,000"
    assert list(plain.blocks[0].bbox) == [(0, 0), (560, 0), (560, 280), (0, 280)]
    assert "without four corners" in plain.warnings[0]
    assert cut.text == "합계\n12,0"
    assert ["cut off" in cut.warnings[0], "without four corners" in cut.warnings[1]] == [True, True]


def test_an_unknown_model_is_asked_for_markdown_or_for_a_layout_in_thousandths() -> None:
    layout = Say('[{"bbox": [0, 0, 500, 500], "category": "Text", "text": "a"}]')
    with stand_in(models=("some/vlm",), script=[Say("# 합계\n\n| a | b |\n|---|---|\n| 1 | 2 |")]) as server:
        with engine(server) as made:
            (found,) = made.read([page()], KOREAN)
        server.script[:] = [layout]
        with engine(server, prompt="layout") as made:
            (placed,) = made.read([page()], KOREAN)
    assert found.text == "합계\na b\n1 2"
    assert list(found.blocks[0].bbox) == [(0, 0), (560, 0), (560, 280), (0, 280)]
    assert list(placed.blocks[0].bbox) == [(0, 0), (280, 0), (280, 140), (0, 140)]


def test_pages_are_asked_for_side_by_side_and_fail_alone() -> None:
    together = threading.Barrier(4, timeout=10)

    def choose(body: dict[str, Any]) -> Say:
        together.wait()
        return Say("bad", status=400) if sent_picture(body).width == 280 else Say()

    with stand_in() as server, engine(server, concurrency=4) as made:
        server.choose = choose
        found = each(made, [page(number=1), page(280, 280, number=2), page(number=3), page(number=4)])
    assert [each.number if isinstance(each, OCRPage) else type(each) for each in found] == [1, EngineFailed, 3, 4]
    assert len(server.asked) == 4


def test_a_model_that_finds_nothing_on_the_warm_up_page_is_up() -> None:
    with stand_in(script=[Say("[]")]) as server:
        options = VLMOptions(url=server.url, prompt="boxes")
        assert EngineWorker("vlm", EngineConfig(parse("korean"), vlm=options)).warm_up().built
        assert len(server.asked) == 1


def test_an_engine_without_a_server_says_how_to_get_one() -> None:
    (info,) = [info for info in OCREngineFactory.available(EngineConfig(parse("korean"))) if info.name == "vlm"]
    assert not info.available
    assert "ML_SERVER_VLM_URL" in info.reason
    assert "vllm serve" in info.install
    with pytest.raises(EngineUnavailable, match="ML_SERVER_VLM_URL"):
        OCREngineFactory.create("vlm", EngineConfig(parse("korean")))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"url": "http://[::1"}, "ML_SERVER_VLM_URL is no http"),
        ({"url": "http://host:80port"}, "ML_SERVER_VLM_URL is no http"),
        ({"url": "host:8000"}, "ML_SERVER_VLM_URL is no http"),
        ({"url": "http://host:8000", "api_key": "a\nb"}, "ML_SERVER_VLM_API_KEY has characters"),
        ({"url": "http://host:8000", "api_key": "비밀"}, "ML_SERVER_VLM_API_KEY has characters"),
        ({"url": "http://host:8000", "family": "dots"}, "known: auto, dots.ocr"),
    ],
)
def test_a_set_up_that_cannot_work_is_a_reason_and_no_exception(options: dict[str, Any], reason: str) -> None:
    info = VLMEngine.describe(EngineConfig(parse("korean"), vlm=VLMOptions(**options)))
    assert not info.available
    assert reason in info.reason
    assert options.get("api_key", "a\nb") not in info.reason


async def test_the_pipeline_gives_it_several_pages_and_no_cores(make_pipeline: Callable[..., Pipeline]) -> None:
    with stand_in(script=[Say(delay_s=0.05)]) as server:
        pipeline = make_pipeline(inline=True, vlm_url=server.url, vlm_concurrency=3, threads=1)
        await pipeline.wait_until_ready()
        info = next(info for info in pipeline.engines() if info.name == "vlm")
        assert info.available
        request = DocumentRequest(tiff(*[(560, 280)] * 7), "korean", "vlm", max_pixels=100_000)
        result = await pipeline.extract_document(request)
        assert server.most == 3
    assert [each.number for each in result.pages] == list(range(1, 8))
    assert all((each.width, each.height) == (560, 280) and len(each.blocks) == 3 for each in result.pages)


def holding_narrow_pages() -> tuple[Callable[[dict[str, Any]], Say], threading.Event, threading.Event]:
    """What the stand-in does, that a page 280 pixels wide has come, and that it may be answered."""
    begun, over = threading.Event(), threading.Event()

    def choose(body: dict[str, Any]) -> Say:
        if sent_picture(body).width == 280:
            begun.set()
            over.wait(60)
        return Say()

    return choose, begun, over


async def test_a_page_does_not_wait_for_a_slow_one_beside_it(make_pipeline: Callable[..., Pipeline]) -> None:
    choose, begun, over = holding_narrow_pages()
    with stand_in(choose=choose) as server:
        pipeline = make_pipeline(vlm_url=server.url, vlm_concurrency=2, vlm_timeout_s=120.0)
        await pipeline.wait_until_ready()
        slow = asyncio.create_task(pipeline.extract_page(DocumentRequest(png(280, 280), "korean", "vlm")))
        await asyncio.to_thread(begun.wait, 60)
        for _ in range(3):
            assert (await pipeline.extract_page(DocumentRequest(png(560, 280), "korean", "vlm"))).blocks
        assert not slow.done()
        over.set()
        assert (await slow).blocks


async def test_a_page_whose_caller_has_gone_is_not_sent(make_pipeline: Callable[..., Pipeline]) -> None:
    choose, begun, over = holding_narrow_pages()
    with stand_in(choose=choose) as server:
        pipeline = make_pipeline(inline=True, vlm_url=server.url, vlm_concurrency=1)
        await pipeline.wait_until_ready()
        first = asyncio.create_task(pipeline.extract_page(DocumentRequest(png(280, 280), "korean", "vlm")))
        await asyncio.to_thread(begun.wait, 60)
        gone = asyncio.create_task(pipeline.extract_page(DocumentRequest(png(840, 280), "korean", "vlm")))
        await asyncio.sleep(0.3)
        gone.cancel()
        over.set()
        await first
        assert (await pipeline.extract_page(DocumentRequest(png(560, 280), "korean", "vlm"))).blocks
    assert 840 not in {sent_picture(body).width for body in server.asked}
