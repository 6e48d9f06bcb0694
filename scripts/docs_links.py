"""A hook of mkdocs: links to files of the repository that are not pages become the files' names.

On the repository's own pages such a link works; the site holds docs/ alone.
"""

from __future__ import annotations

import posixpath
import re
from typing import Any

_LINK = re.compile(r"\[([^\]\[]+)\]\(((?:\.\./)+[^)#\s]+)(#[^)\s]*)?\)")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """What mkdocs calls with the text of each page.

    Args:
        markdown: the page.
        page: mkdocs' own object.
    """
    return unlink(markdown, str(page.file.src_uri))


def unlink(markdown: str, page: str) -> str:
    """The text with links out of docs/ replaced.

    Args:
        markdown: of a page.
        page: its path below docs/, with slashes.
    """

    def name(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), link[2]))
        if path.startswith("docs/"):
            return link[0]
        words = link[1].strip("`")
        return f"`{path}`" if words in {path, posixpath.basename(path)} else f"{link[1]} (`{path}`)"

    return _LINK.sub(name, markdown)
