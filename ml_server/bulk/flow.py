"""How lines of text go on in one another."""

from __future__ import annotations

import re
from typing import Final

BULLETS: Final = frozenset("•·‧∙ㆍ◦○●▪■□◆-–*")
"""Marks that begin an item of a list."""

_ITEM: Final = re.compile(r"(\(?(\d{1,2}|[^\W\d_])[.)]|[①-⑳])(\s|$)|[•·‧∙ㆍ◦○●▪■□◆①-⑳]\S")
"""``1.``, ``(2)``, ``a)``, ``가.``, ``①``; and marks without a space after them, as engines read them."""


def is_item(text: str) -> bool:
    """Whether a line begins an item of a list.

    Args:
        text: not empty.
    """
    return text.split(maxsplit=1)[0] in BULLETS or _ITEM.match(text) is not None


def joined(line: str, more: str) -> str:
    """A line and the one it goes on in; a word that was parted between them is whole again."""
    if len(line) > 2 and line[-1] in "-_" and line[-2].isalpha() and more[:1].isalnum():
        return (line[:-1] if line[-1] == "-" and more[0].islower() else line) + more
    return f"{line} {more}"
