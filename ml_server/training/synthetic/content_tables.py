"""Tables: items with prices, lists, schedules, scores."""

from __future__ import annotations

from ml_server.training.synthetic import content_labels, content_topics, values_kinds, values_numbers
from ml_server.training.synthetic.values_source import Source

_MONTHS = ("Jan.", "Feb.", "Mar.", "Apr.", "May", "June", "July", "Aug.", "Sept.", "Oct.", "Nov.", "Dec.")


def table(source: Source, topic: str, columns: int, rows: int) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of a table about a topic, or now and then of figures by year, month or group.

    Args:
        source: where it comes from.
        topic: what the document is about.
        columns: how many, at least 1.
        rows: how many below the headers.
    """
    heads = _figures(source, columns) if columns > 2 and source.chance(0.15) else _listed(source, topic, columns)
    gaps = source.pick((0.0, 0.0, 0.05, 0.2, 0.4))
    # Some columns are there to be filled in by hand later, and stay empty but for a few cells.
    open_columns = {header for header in list(heads)[1:] if source.chance(0.08)}
    body = []
    for row in range(rows):
        cells = [_cell(source, kind, row) for kind in heads.values()]
        _multiply(source, list(heads.values()), cells)
        spared = [source.chance(0.85 if header in open_columns else gaps) for header in heads]
        body.append(
            ["" if spare and place else cell for place, (spare, cell) in enumerate(zip(spared, cells, strict=True))]
        )
    return list(heads), body


def _listed(source: Source, topic: str, columns: int) -> dict[str, str]:
    """Headers of a list of things, with the kinds of their cells."""
    pool = [*content_topics.topic(source.language, topic).columns]
    common = content_topics.common(source.language).columns
    heads: dict[str, str] = {}
    # Things are named first and counted after, in the order the topic lists its columns.
    chosen = sorted(source.rng.sample(range(len(pool)), min(columns, len(pool))))
    if columns > 2 and source.chance(0.3):
        heads[source.pick(("No", "번호", "순번", "연번", "NO.") if source.korean else ("No.", "#", "Line", "Item"))] = (
            "index"
        )
    for place in chosen:
        heads.setdefault(*pool[place])
    while len(heads) < columns:
        heads.setdefault(*(source.pick(common) if source.chance(0.5) else content_labels.composed(source)))
    return dict(list(heads.items())[:columns])


def _figures(source: Source, columns: int) -> dict[str, str]:
    """Headers of figures by year, month, quarter or group."""
    first = source.rng.randrange(1970, 2024 - columns)
    month = source.rng.randrange(12)
    months = [
        f"{1 + (month + place) % 12}월" if source.korean else _MONTHS[(month + place) % 12] for place in range(11)
    ]
    groups = [f"{source.pick(('시료', '그룹', '제품'))} {mark}" for mark in "ABCDEFGHIJK"]
    if not source.korean:
        groups = [
            f"{mark}{source.pick(('', ' (N)', ' %'))}"
            for mark in ("Total", "Male", "Female", "18-24", "25-34", "35-49")
        ]
    marks = source.pick(([str(first + place) for place in range(columns)], months, groups))[: columns - 1]
    what = source.pick(
        ("구분", "항목", "지역") if source.korean else ("Category", "Brand", "Region", "Attribute", "Item")
    )
    kind = source.pick(("number", "percent", "money", "score"))
    heads = {what: source.pick(("text", "brand", "noun", "place")), **dict.fromkeys(marks, kind)}
    while len(heads) < columns:
        heads.setdefault(*content_labels.composed(source))
    return heads


def _cell(source: Source, kind: str, row: int) -> str:
    return str(row + 1) if kind == "index" else values_kinds.value(source, kind)


def _multiply(source: Source, kinds: list[str], cells: list[str]) -> None:
    """Make the amount of a row its count times its price, where it has all three."""
    if {"count", "price", "amount"} <= set(kinds):
        count, price = source.rng.randrange(1, 60), values_numbers.price(source)
        made: dict[str, str | float] = {"count": f"{count:,}", "price": price, "amount": count * price}
        for place, kind in enumerate(kinds):
            if kind in made:
                figure = made.pop(kind)
                cells[place] = figure if isinstance(figure, str) else values_numbers.write_money(source, figure)
