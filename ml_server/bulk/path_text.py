"""Paths as text. File names are bytes: some are not UTF-8, for which Python has lone surrogates, some have newlines."""

from __future__ import annotations

import json


def as_text(text: str) -> str:
    """Text that every UTF-8 file and stream takes: a byte that is no UTF-8 as ``\\udcXX``, which is JSON's way, too."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def as_json(body: object, indent: int | None = None) -> str:
    """JSON, in UTF-8 or not as the names in it are; reading it gives the same names back."""
    return as_text(json.dumps(body, ensure_ascii=False, indent=indent))


def shown(text: str) -> str:
    """A line for people: what does not print, as newlines in names and commands to the terminal, is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
