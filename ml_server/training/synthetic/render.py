"""Headless Chromium lays a page out; every word of every entity comes back with its box."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from playwright.sync_api import sync_playwright

_LAYOUT = """
() => {
  const sheet = document.getElementById('sheet');
  const limit = parseFloat(sheet.dataset.limit);
  for (const block of [...document.querySelectorAll('#flow section')].reverse())
    if (block.getBoundingClientRect().bottom > limit || block.scrollWidth > block.clientWidth + 1) block.remove();
  const out = [];
  for (const span of document.querySelectorAll('span[data-i]')) {
    const turned = span.closest('[data-turned]') !== null;
    const words = [];
    const walker = document.createTreeWalker(span, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const size = parseFloat(getComputedStyle(node.parentElement).fontSize);
      for (const match of node.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(node, match.index);
        range.setEnd(node, match.index + match[0].length);
        const rects = range.getClientRects();
        if (rects.length === 1) {
          const r = rects[0];
          words.push([match[0], r.left, r.top, r.right, r.bottom, turned ? 0 : size]);
          continue;
        }
        let last = null;
        for (let at = match.index; at < match.index + match[0].length; at++) {
          range.setStart(node, at);
          range.setEnd(node, at + 1);
          const r = range.getBoundingClientRect();
          if (!r.width && !r.height) { if (last) last[0] += node.data[at]; continue; }
          if (last && !turned && Math.abs(last[2] - r.top) < 2) {
            last[0] += node.data[at];
            last[3] = r.right;
          } else if (last && turned) {
            last[0] += node.data[at];
            last[1] = Math.min(last[1], r.left); last[2] = Math.min(last[2], r.top);
            last[3] = Math.max(last[3], r.right); last[4] = Math.max(last[4], r.bottom);
          } else {
            last = [node.data[at], r.left, r.top, r.right, r.bottom, turned ? 0 : size];
            words.push(last);
          }
        }
      }
    }
    if (words.length) out.push([Number(span.dataset.i), words]);
  }
  return out;
}
"""


class BrowserMissing(RuntimeError):
    """No Chromium is installed."""

    def __init__(self) -> None:
        super().__init__("Chromium is needed to lay pages out: apt-get install chromium, or set CHROMIUM to its path")


@dataclass(frozen=True, slots=True)
class LaidWord:
    """A word where the browser put it.

    Attributes:
        text: without white space.
        left, top, right, bottom: its line box in CSS pixels, fractions kept.
        size: of its font in pixels; 0 if the word is turned and its box is the letters' own.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float
    size: float


@dataclass(frozen=True, slots=True)
class LaidPage:
    """What the browser made of one page.

    Attributes:
        entities: (entity's number, its words) in the document's order; blocks that do not fit the sheet are gone.
        png: picture of the sheet, None if none was asked for.
    """

    entities: tuple[tuple[int, tuple[LaidWord, ...]], ...]
    png: bytes | None


def chromium() -> str | None:
    """Path of the browser: the CHROMIUM variable, else the first on the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Renderer:
    """One browser with one page that is used again and again; a context manager. Not for several threads.

    Raises:
        BrowserMissing: on entering, if there is no Chromium.
    """

    def __enter__(self) -> Self:
        path = chromium()
        if path is None:
            raise BrowserMissing
        self._driver = sync_playwright().start()
        self._browser = self._driver.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"]
        )
        self._page = self._browser.new_page(offline=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._browser.close()
        self._driver.stop()

    def lay_out(self, html: str, width: int, height: int, *, picture: bool) -> LaidPage:
        """Lay one page out.

        Args:
            html: the whole document, self-contained.
            width: of the sheet in pixels.
            height: of the sheet in pixels.
            picture: also take a picture of it, width by height pixels.
        """
        self._page.set_viewport_size({"width": width, "height": height})
        self._page.set_content(html, wait_until="domcontentloaded")
        found: Sequence[Any] = self._page.evaluate(_LAYOUT)
        entities = tuple((int(index), tuple(LaidWord(*word) for word in words)) for index, words in found)
        png = self._page.screenshot(type="png") if picture else None
        return LaidPage(entities, png)
