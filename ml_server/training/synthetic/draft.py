"""A page under construction: entities and links collected while blocks write their HTML."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import escape
from random import Random

from ml_server.training.synthetic.content import Content, Field
from ml_server.training.synthetic.style import Style

QUESTION, ANSWER, HEADER, OTHER = "question", "answer", "header", "other"


@dataclass(frozen=True, slots=True)
class Piece:
    """One entity as HTML.

    Attributes:
        index: its number on the page.
        html: a span that carries the number in ``data-i``.
    """

    index: int
    html: str

    def __str__(self) -> str:
        return self.html


@dataclass(slots=True)
class Draft:
    """Entities and links of a page, and what blocks draw from.

    Attributes:
        rng: the page's source of chance.
        style: of the page.
        content: where words come from.
        topic: what the page is about.
        labels: label of every entity, by its number.
        blocks: number of the block every entity belongs to.
        links: (from, to) numbers: header to question, question to answer.
        block: number of the block being written.
        narrow: blocks have about half the sheet's width.
        header: section header that new questions hang from, None outside a section.
    """

    rng: Random
    style: Style
    content: Content
    topic: str
    labels: list[str] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    block: int = 0
    narrow: bool = False
    header: Piece | None = None

    @property
    def hangul(self) -> bool:
        """Whether the page is written in Korean, at least in part."""
        return self.content.language != "english"

    def chance(self, probability: float) -> bool:
        """True with this probability, 0..1."""
        return self.rng.random() < probability

    def fit(self, columns: int) -> int:
        """As many of these columns as the width allows."""
        return max(1, columns // 2) if self.narrow else columns

    def piece(self, text: str, label: str, css: str = "") -> Piece:
        """A new entity.

        Args:
            text: its words; line breaks become ``<br>``.
            label: question, answer, header or other.
            css: declarations for its span.
        """
        index = len(self.labels)
        self.labels.append(label)
        self.blocks.append(self.block)
        body = escape(text).replace("\n", "<br>")
        style = f' style="{css}"' if css else ""
        return Piece(index, f'<span class="e {label[0]}" data-i="{index}"{style}>{body}</span>')

    def link(self, source: Piece, target: Piece) -> None:
        """Join two entities."""
        self.links.append((source.index, target.index))

    @contextmanager
    def under(self, header: Piece | None) -> Iterator[None]:
        """Questions made inside hang from this header."""
        before, self.header = self.header, header
        yield
        self.header = before

    def question(self, text: str, css: str = "", *, free: bool = False) -> Piece:
        """A question, linked from the section's header unless it is free."""
        made = self.piece(text, QUESTION, css)
        if self.header is not None and not free:
            self.link(self.header, made)
        return made

    def key(self, text: str, *, colon: bool = True, css: str = "") -> Piece:
        """A question in the page's manner: colon, case, now and then a hint."""
        return self.question(self.key_text(text, colon=colon), css)

    def key_text(self, text: str, *, colon: bool = True) -> str:
        """A key's words in the page's manner."""
        text = text.rstrip(" :：")
        if self.style.upper_keys:
            text = text.upper()
        if self.chance(0.03):
            hint = "(해당 시)" if self.hangul else self.rng.choice(("(if any)", "(Optional)", "(Please print)"))
            text = f"{text} {hint}"
        if colon and self.chance(self.style.colon):
            text += " :" if self.chance(self.style.loose_colon) else ":"
        return text

    def answer(self, text: str, *questions: Piece, css: str = "") -> Piece:
        """An answer, linked from these questions."""
        made = self.piece(text, ANSWER, css)
        for question in questions:
            self.link(question, made)
        return made

    def fill(self, value: str, *questions: Piece, css: str = "", blank: float | None = None) -> str:
        """An answer's HTML, or a blank as often as the page leaves questions open.

        Args:
            value: the answer's words.
            questions: it answers.
            css: declarations for its span.
            blank: probability of a blank, the page's own by default.
        """
        if not value.strip() or self.chance(self.style.blank if blank is None else blank):
            return "&nbsp;"
        return self.answer(value, *questions, css=css).html

    def fields(self, low: int, high: int) -> list[Field]:
        """Between low and high fields of the page's topic, now and then one with a long answer."""
        found = self.content.fields(self.rng.randint(low, high), self.topic)
        return [
            replace(item, value=self.content.sentence()) if self.chance(self.style.wordy) else item for item in found
        ]

    def of_kind(self, kind: str) -> str:
        """An answer of this kind if a few draws find one, else any."""
        found = self.content.field()
        for _ in range(16):
            if found.kind == kind:
                break
            found = self.content.field()
        return found.value

    def name(self) -> str:
        """Somebody's name."""
        return self.of_kind("name")

    def other(self, text: str, css: str = "") -> Piece:
        """Words that are neither question, answer nor header."""
        return self.piece(text, OTHER, css)

    def heading(self, text: str | None = None, css: str = "") -> Piece:
        """A section header."""
        text = self.content.section(self.topic) if text is None else text
        return self.piece(text.upper() if self.style.upper_keys and self.chance(0.5) else text, HEADER, css)
