"""What documents say: labels and answers, titles, tables, prose and page furniture, drawn from one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ml_server.training.synthetic import content_choices, content_labels, content_tables, content_topics, values_kinds
from ml_server.training.synthetic.values_source import Source

LANGUAGES = ("korean", "english", "mixed")


@dataclass(frozen=True, slots=True)
class Field:
    """A question and an answer to it.

    Attributes:
        key: the label, without a colon.
        value: the answer; several sentences where ``kind`` is ``long_text``.
        kind: what the answer is: ``date``, ``money``, ``name``, ``address``, ``choice`` … see ``values_kinds``.
    """

    key: str
    value: str
    kind: str


class Content:
    """What one document says. The same state of ``rng`` gives the same words on a machine with the same word lists.

    Not for several threads: Faker's generators are shared by the process.

    Attributes:
        language: ``korean``, ``english`` or ``mixed``.
        topics: what documents may be about.
    """

    def __init__(self, rng: random.Random, language: str) -> None:
        """Begin a document.

        Args:
            rng: source of all chance; may be drawn from elsewhere too.
            language: one of ``LANGUAGES``. In a mixed document labels are in two languages, or answers in the other.

        Raises:
            ValueError: another language.
        """
        if language not in LANGUAGES:
            raise ValueError(f"language must be one of {', '.join(LANGUAGES)}, not {language!r}")
        self.language = language
        self.topics = content_topics.topic_names()
        base = language if language != "mixed" else ("english" if rng.random() < 0.3 else "korean")
        self._source = Source(rng, base)
        # Forms were filled in on typewriters and by hand in capitals.
        self._capitals = rng.random() < 0.12
        self._other = Source(rng, "english" if base == "korean" else "korean") if language == "mixed" else self._source

    def field(self, topic: str | None = None) -> Field:
        """A question of a topic, or of any topic, and a plausible answer."""
        source = self._source
        key, kind = self._label(topic or source.pick(self.topics))
        return Field(content_labels.dressed(source, key), self._answer(kind), kind)

    def fields(self, n: int, topic: str | None = None) -> list[Field]:
        """``n`` questions of one topic, no two with the same key."""
        topic = topic or self._source.pick(self.topics)
        found: dict[str, Field] = {}
        while len(found) < n:
            made = self.field(topic)
            found.setdefault(made.key, made)
        return list(found.values())

    def _label(self, topic: str) -> tuple[str, str]:
        if self.language == "mixed" and self._source.chance(0.55):
            return content_labels.bilingual(self._source)
        source = self._speaker(0.3)
        roll = source.rng.random()
        if roll < 0.15:
            return content_labels.composed(source)
        about = content_topics.common(source.language) if roll < 0.27 else content_topics.topic(source.language, topic)
        return source.pick(about.labels)

    def _answer(self, kind: str) -> str:
        source = self._speaker(0.4)
        made = values_kinds.value(source, "blank" if source.chance(0.03) else kind)
        if kind in ("email", "url"):
            return made
        if self._capitals:
            return made.upper()
        return made[:1].upper() + made[1:] if self._source.chance(0.7) else made

    def _speaker(self, foreign: float) -> Source:
        """This document's language, or in a mixed one the other with the probability ``foreign``."""
        return self._other if self._source.chance(foreign) else self._source

    def value(self, kind: str) -> str:
        """An answer of a kind, see ``values_kinds``."""
        return values_kinds.value(self._source, kind)

    def title(self, topic: str) -> str:
        """The title of a document about a topic."""
        source = self._source
        made = values_kinds.phrase(source, content_topics.topic(source.language, topic).titles)
        if self.language == "mixed" and source.chance(0.4):
            return (
                f"{made} ({values_kinds.phrase(self._other, content_topics.topic(self._other.language, topic).titles)})"
            )
        return made

    def section(self, topic: str) -> str:
        """The heading of a part of a document about a topic."""
        source = self._source
        about = (
            content_topics.common(source.language)
            if source.chance(0.2)
            else content_topics.topic(source.language, topic)
        )
        return values_kinds.phrase(source, about.sections)

    def table(self, topic: str, columns: int, rows: int) -> tuple[list[str], list[list[str]]]:
        """Headers and rows of a table; cells may be empty, headers are not and do not repeat."""
        headers, body = content_tables.table(self._source, topic, columns, rows)
        if self.language == "mixed":
            headers = [content_labels.translated(self._source, header) for header in headers]
        return headers, body

    def choices(self) -> tuple[str, list[str]]:
        """A question and the two to six options that can be ticked."""
        return content_choices.choices(self._source)

    def sentence(self) -> str:
        """A sentence of a notice, an instruction, a memo or a contract."""
        return self._sentence(self._speaker(0.3))

    def paragraph(self, sentences: int) -> str:
        """Several sentences in one language."""
        source = self._speaker(0.3)
        return " ".join(self._sentence(source) for _ in range(sentences))

    @staticmethod
    def _sentence(source: Source) -> str:
        made = values_kinds.value(source, "sentence")
        return made[:1].upper() + made[1:]

    def organisation(self) -> str:
        """Who issues the document."""
        return values_kinds.value(self._source, "company")

    def address(self) -> str:
        """A postal address on one line."""
        return values_kinds.value(self._source, "address")

    def slogan(self) -> str:
        """What the issuer says of itself."""
        return values_kinds.value(self._source, "slogan")

    def letterhead(self) -> list[str]:
        """Two to four short lines under the issuer's name."""
        lines = self._source.rng.randrange(1, 4)
        return [self.address(), *(values_kinds.value(self._source, "letterhead") for _ in range(lines))]

    def footer(self) -> str:
        """One line for the edge of a page: its number, a form number, an archive's number, a telephone, a notice."""
        return values_kinds.value(self._source, "footer")
