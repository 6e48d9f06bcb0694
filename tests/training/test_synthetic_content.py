"""What synthetic documents say: repeatable, varied, and of the kinds it claims."""

from __future__ import annotations

import random
import re

import pytest

from ml_server.training.synthetic import content_topics
from ml_server.training.synthetic.content import LANGUAGES, Content
from ml_server.training.synthetic.values_dates import any_date
from ml_server.training.synthetic.values_kinds import expand, kinds, value
from ml_server.training.synthetic.values_numbers import spelled_won
from ml_server.training.synthetic.values_source import Source

HANGUL = re.compile("[가-힣]")
# What an answer of a kind looks like in each language, wholly.
SHAPES = {
    ("korean", "business"): r"\d{3}-\d{2}-\d{5}",
    ("korean", "citizen"): r"\d{6}-[\d*]{7}",
    ("english", "citizen"): r"[\dX*]{3}[- ][\dX*]{2}[- ]\d{4}",
    ("english", "business"): r"[A-Z]{0,2} ?[\d -]{8,14}",
    ("korean", "phone"): r"[\d ()+.\-내선]{3,}",
    ("english", "phone"): r"(Ext\. |x)?[\d ()+./-]{3,}( ext\. \d+)?",
    ("korean", "email"): r"[^@\s]+@[^@\s]+\.\w+",
    ("english", "email"): r"[^@\s]+@[^@\s]+\.\w+",
    ("korean", "percent"): r"(연 )?\d+(\.\d+)?( ?%|퍼센트)",
    ("english", "percent"): r"\d+(\.\d+)?( ?%| percent| pct\.)",
    ("korean", "money"): r".*(\d|원정).*",
    ("english", "money"): r".*\d.*|No charge",
    ("korean", "dimensions"): r".*\d.*",
    ("english", "card"): r"[\dx*]{4}[- ].*\d{4}",
    ("korean", "account"): r"[\d-]{10,}",
    ("english", "postcode"): r"[A-Z\d -]{5,10}",
    ("korean", "name"): r".*[가-힣].*",
    ("english", "name"): r"[A-Za-z .,'-]+",
    ("korean", "address"): r".*[가-힣].*\d.*",
    ("korean", "company"): r".*[가-힣].*",
}


def document(seed: int, language: str) -> list[object]:
    content = Content(random.Random(seed), language)
    topic = content.topics[seed % len(content.topics)]
    return [
        content.title(topic),
        content.section(topic),
        content.organisation(),
        content.letterhead(),
        content.fields(12, topic),
        content.table(topic, 5, 6),
        content.choices(),
        content.sentence(),
        content.paragraph(3),
        content.slogan(),
        content.footer(),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_same_seed_says_the_same_and_another_seed_something_else(language: str) -> None:
    assert document(7, language) == document(7, language)
    assert document(7, language) != document(8, language)


def test_two_documents_at_once_do_not_disturb_each_other() -> None:
    alone = [Content(random.Random(seed), "english").fields(10, "fax") for seed in (1, 2)]
    first, second = (Content(random.Random(seed), "english") for seed in (1, 2))
    assert [first.fields(10, "fax"), second.fields(10, "fax")] == alone


@pytest.mark.parametrize("language", ["english", "korean"])
def test_two_thousand_questions_are_varied_and_whole(language: str) -> None:
    content = Content(random.Random(3), language)
    drawn = [content.field() for _ in range(2000)]
    assert len({field.key for field in drawn}) >= 900
    assert len({field.value for field in drawn}) >= 1200
    assert all(field.key.strip() and field.value.strip() for field in drawn)
    assert not any(mark in field.key + field.value for field in drawn for mark in "{}|\n")
    share = sum(bool(HANGUL.search(field.key)) for field in drawn) / len(drawn)
    assert share > 0.95 if language == "korean" else share == 0


def test_mixed_documents_set_two_languages_side_by_side() -> None:
    fields = [field for seed in range(20) for field in Content(random.Random(seed), "mixed").fields(20)]
    both = [field for field in fields if HANGUL.search(field.key) and re.search("[A-Za-z]{2}", field.key)]
    crossed = [field for field in fields if bool(HANGUL.search(field.key)) != bool(HANGUL.search(field.value))]
    assert len(both) > 100
    assert len(crossed) > 50


def test_fields_of_a_document_have_distinct_keys() -> None:
    keys = [field.key for field in Content(random.Random(5), "korean").fields(60, "fax")]
    assert len(keys) == len(set(keys)) == 60


def test_every_topic_is_written_in_both_languages_with_kinds_that_exist() -> None:
    known = kinds()
    assert len(content_topics.topic_names()) >= 30
    for language in ("english", "korean"):
        for name in content_topics.topic_names():
            topic = content_topics.topic(language, name)
            assert len(topic.titles) >= 5, name
            assert len(topic.sections) >= 5, name
            assert len(topic.labels) >= 30, name
            assert len(topic.columns) >= 4, name
            assert {kind for _, kind in topic.labels + topic.columns} <= known, name


@pytest.mark.parametrize(("language", "kind"), sorted(SHAPES))
def test_answers_look_like_their_kind(language: str, kind: str) -> None:
    source = Source(random.Random(11), language)
    for _ in range(200):
        made = value(source, kind)
        assert re.fullmatch(SHAPES[language, kind], made), made


@pytest.mark.parametrize("language", ["english", "korean"])
def test_every_kind_makes_something_without_open_slots(language: str) -> None:
    source = Source(random.Random(2), language)
    for kind in sorted(kinds()):
        for _ in range(30):
            made = value(source, kind)
            assert made.strip(), kind
            assert not re.search(r"[{}|]", made), (kind, made)


@pytest.mark.parametrize("language", ["english", "korean"])
def test_dates_are_written_in_fifteen_ways_and_more(language: str) -> None:
    shapes = {
        re.sub(r"\d+", "9", re.sub("[a-z]+", "a", re.sub("[A-Z]+", "A", re.sub("[월화수목금토일](?=\\))", "요", made))))
        for seed in range(1500)
        for made in [any_date(Source(random.Random(seed), language))]
    }
    assert len(shapes) >= 15


def figure(cell: str) -> float:
    return float(re.sub(r"[^\d.]|\.(?!\d)", "", cell))


def test_tables_have_the_asked_size_and_rows_that_add_up() -> None:
    kind_of = dict(content_topics.topic("english", "invoice").columns)
    added = 0
    for seed in range(150):
        headers, rows = Content(random.Random(seed), "english").table("invoice", 6, 4)
        assert len(headers) == len(set(headers)) == 6
        assert all(headers)
        assert [len(row) for row in rows] == [6] * 4
        for row in rows:
            cells = {kind_of.get(header, ""): cell for header, cell in reversed([*zip(headers, row, strict=True)])}
            triple = [cells.get(kind, "") for kind in ("count", "price", "amount")]
            if all(triple):
                count, price, amount = map(figure, triple)
                # A document may write whole dollars.
                assert amount == pytest.approx(count * price, abs=count / 2 + 1)
                added += 1
    assert added > 60


def test_choices_offer_two_to_six_distinct_options() -> None:
    for seed in range(200):
        question, options = Content(random.Random(seed), LANGUAGES[seed % 3]).choices()
        assert question.strip()
        assert 2 <= len(options) <= 6
        assert len(set(options)) == len(options)


def test_particles_follow_the_syllable_before_them() -> None:
    source = Source(random.Random(0), "korean")
    assert expand(source, "서류을(를) 계약을(를)") == "서류를 계약을"
    assert (
        expand(source, "회의으로(로) 물으로(로) 팩스과(와) 급여이(가) 회원은(는)") == "회의로 물로 팩스와 급여가 회원은"
    )


def test_english_plurals() -> None:
    source = Source(random.Random(0), "english")
    made = {expand(source, "{noun}s") for _ in range(500)}
    assert {"policies", "boxes"} & made
    assert not any(re.search("[^aeiou]ys$", word) for word in made)


def test_won_in_words() -> None:
    assert spelled_won(3_200_000) == "금 삼백이십만원정"
    assert spelled_won(110_000_500) == "금 일억천만오백원정"


def test_an_unknown_language_or_topic_is_refused() -> None:
    with pytest.raises(ValueError, match="klingon"):
        Content(random.Random(0), "klingon")
    with pytest.raises(KeyError):
        Content(random.Random(0), "english").fields(3, "horoscope")
