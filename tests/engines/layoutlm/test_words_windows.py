"""Words → pieces → windows and back; tags → entities; candidates and their geometry."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from ml_server.engines.layoutlm import pairs
from ml_server.engines.layoutlm.fallback import link_by_geometry
from ml_server.engines.layoutlm.tagging import OTHER, decode, parse_tag, spans, tags_of
from ml_server.engines.layoutlm.words import KINDS, TokenizedPage, Window, home_windows, kind_of, page_words, windows


def cut(counts: list[int]) -> TokenizedPage:
    """A page whose words have so many pieces each."""
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    total = sum(counts)
    return TokenizedPage(
        pieces=np.arange(total, dtype=np.int64),
        kinds=np.zeros(total, np.int64),
        words=np.repeat(np.arange(len(counts)), counts),
        starts=starts,
    )


def test_boxes_outside_the_page_and_turned_round_come_onto_the_grid() -> None:
    page = page_words(
        ["a", "b", "c"], np.array([[-50, 10, 5000, 20], [90, 40, 10, 30], [float("nan"), 0, 10, 10]]), 100, 200
    )
    assert page.boxes[0].tolist() == [0, 50, 1000, 100]
    assert page.boxes[1].tolist() == [100, 150, 900, 200]
    assert np.isfinite(page.boxes).all()
    assert page.aspect == 2


@pytest.mark.parametrize(
    ("word", "kind"),
    [("date:", "lower"), ("Date", "title"), ("DATE:", "upper"), ("12/3", "digits"), ("A4", "mixed"), ("eMail", "mixed"),
     ("※", "sign"), ("성명", "lower"), ("", "sign")],
)  # fmt: skip
def test_how_a_word_is_written(word: str, kind: str) -> None:
    assert KINDS[kind_of(word)] == kind


@pytest.mark.parametrize("counts", [[1], [3] * 400, [1, 24] * 300, [24] * 100, [2] * 5000])
def test_windows_cover_every_piece_split_no_word_and_fit(counts: list[int]) -> None:
    page = cut(counts)
    found = windows(page, 510, 128)
    assert found[0].start == 0
    assert found[-1].stop == len(page.pieces)
    starts = {*page.starts.tolist(), len(page.pieces)}
    for window in found:
        assert window.stop - window.start <= 510
        assert {window.start, window.stop} <= starts
    for one, other in itertools.pairwise(found):
        assert one.start < other.start <= one.stop  # progress, and no gap
        if max(counts) < 20:
            assert one.stop - other.start >= 100  # they overlap


def test_a_page_without_words_has_no_windows() -> None:
    assert windows(cut([]), 510, 128) == []


def test_a_word_at_a_seam_is_taken_from_the_window_that_sees_both_sides() -> None:
    page = cut([1] * 900)
    cover = [Window(0, 510), Window(390, 900)]
    homes = home_windows(page, cover)
    assert homes[0] == 0
    assert homes[899] == 1
    # 0..449 are nearer to the middle of the first, the rest to that of the second
    assert homes[440] == 0
    assert homes[460] == 1


def test_tags_of_every_scheme_are_read() -> None:
    assert parse_tag("O") == ("O", OTHER)
    assert parse_tag("S-Question") == ("S", "QUESTION")
    assert parse_tag("b-answer") == ("B", "ANSWER")
    assert parse_tag("I-invoice_no") == ("I", "invoice_no")
    assert parse_tag("total") == ("I", "total")
    assert parse_tag("B-OTHER") == ("O", OTHER)


def test_entities_are_read_off_bio_and_bioes() -> None:
    sure = np.array([0.5, 1.0, 0.9, 0.8, 0.7, 0.6])
    bio = spans(["B-QUESTION", "I-QUESTION", "B-QUESTION", "O", "I-ANSWER", "I-ANSWER"], sure)
    assert [(span.label, span.words) for span in bio] == [("QUESTION", (0, 1)), ("QUESTION", (2,)), ("ANSWER", (4, 5))]
    assert bio[0].confidence == pytest.approx(0.75)
    bioes = spans(["B-ANSWER", "E-ANSWER", "S-ANSWER", "I-ANSWER", "E-ANSWER", "O"], sure)
    assert [span.words for span in bioes] == [(0, 1), (2,), (3, 4)]


def test_an_answer_interrupted_by_another_column_is_put_together() -> None:
    boxes = np.array([[100, 100, 300, 112], [600, 100, 700, 112], [100, 114, 260, 126]], float)
    tags = ["B-ANSWER", "B-QUESTION", "I-ANSWER"]
    assert [span.words for span in spans(tags, np.ones(3), boxes)] == [(0, 2), (1,)]
    boxes[2] += [0, 300, 0, 300]  # far below: no line of it
    assert [span.words for span in spans(tags, np.ones(3), boxes)] == [(0,), (1,), (2,)]


def test_tags_and_entities_are_each_others_inverse() -> None:
    entities = [("HEADER", (0, 1)), ("QUESTION", (2,)), ("ANSWER", (3, 4)), ("ANSWER", (5,)), (OTHER, (6,))]
    tags = tags_of(7, entities)
    assert tags[-1] == "O"
    assert [(span.label, span.words) for span in spans(tags, np.ones(7))] == entities[:-1]


def grid_of(rows: int) -> tuple[list[str], list[tuple[int, ...]], npt.NDArray[np.float64]]:
    """A form: a question to the left of an answer in every row."""
    labels: list[str] = []
    words: list[tuple[int, ...]] = []
    boxes: list[list[float]] = []
    for row in range(rows):
        y = row * 1000 / rows
        for label, x in (("QUESTION", 100), ("ANSWER", 300)):
            words.append((len(boxes),))
            labels.append(label)
            boxes.append([x, y, x + 100, y + 600 / rows])
    return labels, words, np.array(boxes)


def test_candidates_have_legal_labels_and_bounded_features() -> None:
    labels, words, boxes = grid_of(12)
    labels[0] = "HEADER"
    found = pairs.candidates(pairs.entity_boxes(labels, words, boxes))
    assert found.features.shape == (*found.real.shape, pairs.FEATURES)
    assert np.abs(found.features).max() <= 1
    for tail, heads, real in zip(found.tails, found.heads, found.real, strict=True):
        assert {labels[head] for head in heads[real]} == {pairs.HEAD_OF[labels[tail]]}


def test_thousands_of_entities_keep_their_candidates_bounded() -> None:
    labels, words, boxes = grid_of(2500)
    found = pairs.candidates(pairs.entity_boxes(labels, words, boxes))
    assert found.real.shape == (2500, pairs.MOST_HEADS)
    # the question of the same row is among the nearest of every answer
    own = np.array([(heads == tail - 1).any() for tail, heads in zip(found.tails, found.heads, strict=True)])
    assert own.all()


def test_geometry_alone_links_rows_and_columns() -> None:
    labels, words, boxes = grid_of(10)
    links = link_by_geometry(list(zip(labels, words, strict=True)), boxes)
    assert [(link.head, link.tail) for link in links] == [(row, row + 1) for row in range(0, 20, 2)]
    above = np.array([[100, 100, 200, 110], [100, 115, 180, 125], [600, 700, 650, 710]], float)
    found = link_by_geometry([("QUESTION", (0,)), ("ANSWER", (1,)), ("ANSWER", (2,))], above)
    assert [(link.head, link.tail) for link in found] == [(0, 1)]  # the far one honestly has none
    assert link_by_geometry([], np.zeros((0, 4))) == []


def test_runs_of_one_label_are_joined_over_a_space_and_broken_at_a_stretch() -> None:
    def row(*lefts: float) -> npt.NDArray[np.float64]:
        return np.array([[left, 100, left + 40, 110] for left in lefts])

    begins = ["B-ANSWER", "B-ANSWER"]
    assert [span.words for span in decode(begins, np.ones(2), row(0, 45), 1)] == [(0, 1)]
    assert [span.words for span in decode(begins, np.ones(2), row(0, 60), 1)] == [(0,), (1,)]
    goes_on = ["B-ANSWER", "I-ANSWER"]
    assert [span.words for span in decode(goes_on, np.ones(2), row(0, 60), 1)] == [(0, 1)]
    assert [span.words for span in decode(goes_on, np.ones(2), row(0, 300), 1)] == [(0,), (1,)]
    other = ["B-QUESTION", "B-ANSWER"]
    assert [span.label for span in decode(other, np.ones(2), row(0, 45), 1)] == ["QUESTION", "ANSWER"]
    below = np.array([[0, 100, 40, 110], [0, 112, 40, 122]], float)
    assert [span.words for span in decode(begins, np.ones(2), below, 1)] == [(0,), (1,)]
