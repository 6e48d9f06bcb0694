"""How the text of the generator is written down: lists as ``name: one | two`` lines, topics as ``[topic]`` headings.

A name may be used on several lines; what they list adds up. In a topic ``title`` and ``section`` list headings,
``column KIND`` the columns of its tables, and any other name is the kind of the answers that its labels ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Topic:
    """What one topic says in one language.

    Attributes:
        titles: of documents.
        sections: headings inside them.
        labels: (label, kind of its answer).
        columns: (column header, kind of its cells).
    """

    titles: tuple[str, ...]
    sections: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        name, colon, rest = line.partition(":")
        if colon:
            yield name.strip(), [item.strip() for item in rest.split(" | ")]


def read_lists(*texts: str) -> dict[str, tuple[str, ...]]:
    """Every list that the texts write down, by name, without repeats and in the order written."""
    found: dict[str, dict[str, None]] = {}
    for text in texts:
        for name, items in _rows(text):
            found.setdefault(name, {}).update(dict.fromkeys(items))
    return {name: tuple(items) for name, items in found.items()}


def read_topics(texts: Sequence[str]) -> dict[str, Topic]:
    """Every topic that the texts write down, by name, in the order written."""
    bodies: dict[str, list[str]] = {}
    for text in texts:
        name = ""
        for line in text.splitlines():
            if line.startswith("["):
                name = line.strip("[] ")
            else:
                bodies.setdefault(name, []).append(line)
    return {name: _topic("\n".join(lines)) for name, lines in bodies.items() if name}


def _topic(text: str) -> Topic:
    labels: dict[str, str] = {}
    columns: dict[str, str] = {}
    for name, items in _rows(text):
        kind = name.removeprefix("column ")
        if name not in ("title", "section"):
            for item in items:
                (labels if kind == name else columns).setdefault(item, kind)
    lists = read_lists(text)
    return Topic(lists.get("title", ()), lists.get("section", ()), tuple(labels.items()), tuple(columns.items()))
