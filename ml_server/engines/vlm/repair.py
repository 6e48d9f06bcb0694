"""Answers that are not what they should be: cut off, malformed, or the same thing again and again."""

from __future__ import annotations

import json
import re
from typing import Any

_LONGEST_UNIT = 300
"""Characters of what a model may repeat; longer passages are looked for as cells, not as characters."""

_FENCE = re.compile(r"```[a-zA-Z]*\s*")

_TEXT = re.compile(
    r'(?P<before>"(?:text|content|text_content)"\s*:\s*")(?P<text>.*?)(?P<after>"\s*\}(?=[\s,]*(?:[][{}]|$)))',
    re.DOTALL,
)
"""A cell's text up to what certainly ends it; quotation marks in it need not have been escaped."""

_OPENING = re.compile(r"[\[{]")
_BARE_QUOTE = re.compile(r'(?<!\\)"')
_BARE_BACKSLASH = re.compile(r'\\(?![\\"/bfnrtu])')


def unfenced(text: str) -> str:
    """The text without a Markdown code fence around it."""
    plain = text.strip()
    found = _FENCE.match(plain)
    return plain[found.end() :].removesuffix("```").rstrip() if found else text


def without_loop(text: str, *, cut_off: bool) -> str:
    """The text without what its end repeats, once more than once.

    A model that falls into a loop writes the same few characters until it is cut off. Dotted leaders and rows of empty
    cells repeat, too, but not for so long.

    Args:
        text: an answer.
        cut_off: whether it ended at the limit; a loop is more likely then, and less is taken for one.

    Returns:
        ``text`` itself where it does not loop.
    """
    least_chars, least_times = (400, 8) if cut_off else (2000, 20)
    for unit in range(1, min(_LONGEST_UNIT, len(text) // 2) + 1):
        if text[-unit:] != text[-2 * unit : -unit]:
            continue
        start = len(text) - unit
        while start > 0 and text[start - 1] == text[start - 1 + unit]:
            start -= 1
        length = len(text) - start
        if length >= least_chars and length >= least_times * unit:
            return text[: start + unit]
    return text


def _escaped(cell: re.Match[str]) -> str:
    if '"bbox' in cell["text"]:  # it reaches into the next cell: not for quotation marks but for something else
        return cell[0]
    text = _BARE_QUOTE.sub(r"\\\"", _BARE_BACKSLASH.sub(r"\\\\", cell["text"]))
    return cell["before"] + text + cell["after"]


def parsed(text: str) -> tuple[Any, bool]:
    """The JSON in an answer, mended if need be.

    Args:
        text: with or without a code fence, and with or without words around it.

    Returns:
        The value, and whether it had to be mended. None where there is no array or object at all.
    """
    import json_repair

    plain = unfenced(text).strip()
    starts = [at for at in (plain.find("["), plain.find("{")) if at >= 0]
    if not starts:
        return None, False
    plain = plain[min(starts) :]
    try:
        found, end = json.JSONDecoder().raw_decode(plain)
        if not _OPENING.search(plain, end):  # what stands behind is a remark, and no further cell
            return found, False
    except RecursionError:  # brackets within brackets within brackets
        return None, True
    except ValueError:
        pass
    plain = _TEXT.sub(_escaped, plain)
    try:
        return json.loads(plain, strict=False), True
    except ValueError:
        # Objects one after the other, without the array around them, would otherwise come to the last one.
        together = f"[{plain}]" if plain.startswith("{") else plain
    try:
        found = json_repair.loads(together, skip_json_loads=True)
    except (RecursionError, ValueError):  # nested too deeply
        return None, True
    return found if isinstance(found, list | dict) and found else None, True
