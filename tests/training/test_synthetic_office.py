"""Blocks of Korean offices: what is a header, what answers what, and what answers nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

pytest.importorskip("faker", reason="faker is not installed")

from ml_server.training.synthetic.blocks_office import findings_table, option_cells, two_parties
from ml_server.training.synthetic.content import Content
from ml_server.training.synthetic.draft import Draft
from ml_server.training.synthetic.style import random_style


def _drafts(blank: float) -> Iterator[Draft]:
    for seed in range(12):
        rng = Random(seed)
        content = Content(rng, "korean")
        style = replace(random_style(rng, "korean"), blank=blank, mark="■", empty_mark="□")
        yield Draft(rng, style, content, rng.choice(content.topics))


def _texts(html: str) -> dict[int, str]:
    spans = re.findall(r'<span class="e \w" data-i="(\d+)"[^>]*>(.*?)</span>', html)
    return {int(number): " ".join(text.split("<br>")) for number, text in spans}


def _answered(d: Draft, label: str) -> list[list[int]]:
    """For every entity of a label what links to it."""
    return [[start for start, end in d.links if end == at] for at, found in enumerate(d.labels) if found == label]


def test_parties_have_a_header_each_and_the_same_fields() -> None:
    for d in _drafts(blank=0.0):
        texts = _texts(two_parties(d))
        heads = [at for at, label in enumerate(d.labels) if label == "header"]
        assert len(heads) == 2
        one, two = (
            [texts[end].removesuffix(" (해당 시)") for start, end in d.links if start == head] for head in heads
        )
        assert one == two
        assert len(one) >= 2
        assert all(len(asked) == 1 and d.labels[asked[0]] == "question" for asked in _answered(d, "answer"))
        assert d.labels.count("answer") == d.labels.count("question") == 2 * len(one)


def test_limits_and_units_answer_nothing_and_results_answer_their_row() -> None:
    seen = set()
    for d in _drafts(blank=0.0):
        texts = _texts(findings_table(d))
        first = d.labels.index("question")  # the corner's; the column heads follow it
        others = [at for at, label in enumerate(d.labels) if label == "other"]
        assert others
        assert not {end for _, end in d.links} & set(others)
        seen |= {texts[at] for at in others}
        answers = _answered(d, "answer")
        assert answers
        for asked in answers:
            assert all(d.labels[at] == "question" and at != first for at in asked)
            assert len(asked) in {1, 2}
    assert any("이하" in text for text in seen)


@pytest.mark.parametrize("blank", [0.0, 1.0])
def test_only_ticked_options_answer(blank: float) -> None:
    ticked = 0
    for d in _drafts(blank):
        texts = _texts(option_cells(d))
        assert all(texts[at].startswith("□ ") for at, label in enumerate(d.labels) if label == "other")
        marked = [at for at, label in enumerate(d.labels) if label == "answer" and texts[at].startswith("■ ")]
        assert len({start for start, end in d.links if end in marked}) == len(marked)
        ticked += len(marked)
    assert (ticked > 0) is (blank == 0.0)
