"""Label Studio's own page in a headless browser, and whether what it draws is where it should be."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from playwright.sync_api import Page, sync_playwright
from real_label_studio import LabelStudio

from ml_server.training.synthetic.render import chromium

_DRAWN_S = 90
_SETTLE_MS = 3000
_NEAR = 90
"""Distance of two colours, of 442: a line of one pixel between two is half of each."""


@contextmanager
def browser(studio: LabelStudio) -> Iterator[Page]:
    """A tab that is logged in as the user."""
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        context = program.new_context(viewport={"width": 1600, "height": 1300})
        for name, value in studio.session.cookies.items():
            context.add_cookies([{"name": name, "value": value, "url": studio.url}])
        try:
            yield context.new_page()
        finally:
            program.close()


def open_task(page: Page, studio: LabelStudio, project: int, task: int) -> None:
    """Open a task as an annotator does, and wait until its regions are drawn."""
    page.goto(f"{studio.url}/projects/{project}/data?task={task}", timeout=_DRAWN_S * 1000)
    page.wait_for_selector("img[alt=image]", timeout=_DRAWN_S * 1000)
    page.wait_for_selector("canvas", timeout=_DRAWN_S * 1000)
    page.wait_for_timeout(_SETTLE_MS)


def edges_drawn(page: Page, result: Sequence[Mapping[str, Any]], colours: Mapping[str, str], save: Path) -> list[float]:
    """How much of each upright box's upper and lower edge has the colour of its label on the screen, 0..1.

    Args:
        page: with the task open.
        result: of the prediction or annotation that is shown.
        colours: of the labels, as the labelling config has them: ``#27ae60``.
        save: where the screenshot goes.
    """
    save.write_bytes(page.screenshot())
    seen = np.asarray(Image.open(io.BytesIO(save.read_bytes())).convert("RGB")).astype(np.int64)
    image = page.locator("img[alt=image]").bounding_box()
    assert image is not None
    shares = []
    for item in result:
        if item.get("type") == "rectanglelabels" and not item["value"].get("rotation"):
            value = item["value"]
            left = image["x"] + value["x"] * image["width"] / 100
            right = left + value["width"] * image["width"] / 100
            top = image["y"] + value["y"] * image["height"] / 100
            bottom = top + value["height"] * image["height"] / 100
            colour = np.array([int(colours[value["rectanglelabels"][0]][at : at + 2], 16) for at in (1, 3, 5)])
            shares.append(min(_along(seen, colour, left, right, edge) for edge in (top, bottom)))
    return shares


def _along(seen: npt.NDArray[np.int64], colour: npt.NDArray[np.int64], left: float, right: float, y: float) -> float:
    """The share of a horizontal line's columns with the colour within two pixels above or below."""
    rows = seen[max(0, round(y) - 2) : round(y) + 3, round(left) + 1 : max(round(right) - 1, round(left) + 2)]
    near = np.sqrt(((rows - colour) ** 2).sum(axis=2)) < _NEAR
    return float(near.any(axis=0).mean()) if near.size else 0.0
