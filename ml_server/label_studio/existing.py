"""Regions that a task has already → words to label: what annotators drew and transcribed, or an earlier prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml_server.document import Line, OCRPage, Word
from ml_server.errors import InvalidRequest
from ml_server.geometry import box_to_polygon, order_corners
from ml_server.key_value import KeyValuePage
from ml_server.label_studio.annotated_regions import AnnotatedRegion, corners, read_result
from ml_server.label_studio.config import LabelConfig
from ml_server.label_studio.predictions import PredictedPage, Region
from ml_server.label_studio.word_boxes import place_words

_ENGINE = "label-studio"
"""What the extractor is told read the words."""


@dataclass(frozen=True, slots=True)
class ExistingPage:
    """The transcribed regions on one image.

    Attributes:
        page: a line for each region, in its order, with its words laid out in it.
        regions: the same regions as they are to be shown again.
    """

    page: OCRPage
    regions: tuple[Region, ...]

    def labelled(self, found: KeyValuePage) -> PredictedPage:
        """The same regions with the label that most letters of their text got, and the links between them.

        Args:
            found: what the extractor says of ``page``.
        """
        where = {word: at for at, line in enumerate(self.page.lines) for word in line.words}
        owner: list[int | None] = []
        letters: list[dict[str, tuple[int, float]]] = [{} for _ in self.regions]
        for entity in found.entities:
            shares: dict[int, int] = {}
            for word in entity.words:
                at = where[word]
                shares[at] = shares.get(at, 0) + len(word.text)
                count, best = letters[at].get(entity.label, (0, 0.0))
                letters[at][entity.label] = (count + len(word.text), max(best, entity.confidence))
            owner.append(max(shares, key=lambda at: shares[at]) if shares else None)
        regions = []
        for region, seen in zip(self.regions, letters, strict=True):
            label = max(seen, key=lambda name: seen[name]) if seen else ""
            regions.append(replace(region, label=label, score=seen[label][1] if seen else region.score))
        links: list[tuple[int, int]] = []
        for relation in found.relations:
            head, tail = owner[relation.head], owner[relation.tail]
            if head is not None and tail is not None and head != tail and (head, tail) not in links:
                links.append((head, tail))
        version = found.model_version
        return PredictedPage(tuple(regions), tuple(links), found.width, found.height, version, version)


def existing_pages(task: Mapping[str, Any], config: LabelConfig, language: str, count: int) -> list[ExistingPage]:
    """The transcribed regions of a task, image by image.

    From the first of these that has any: the draft, the annotations (the latest first, but cancelled ones), the
    predictions (likewise).

    Args:
        task: as Label Studio sends it.
        config: of its project; only what is on its image, and in its tag for transcriptions, counts.
        language: for the pages.
        count: of images.

    Raises:
        InvalidRequest: it has none.
    """
    for result in _results(task):
        regions, _ = read_result(result, config.text)
        regions = [each for each in regions if each.image == config.image]
        sizes = _sizes(result, config.image)
        pages = [
            _page([each for each in regions if each.page == at], sizes.get(at), language, at) for at in range(count)
        ]
        if any(page.regions for page in pages):
            return pages
    raise InvalidRequest(
        f"task {task.get('id')} has no regions with text (in drafts, annotations or predictions) that could be "
        "labelled; predict text first, or set ML_SERVER_LABEL_STUDIO_PREDICT=both",
        field="tasks",
    )


def _results(task: Mapping[str, Any]) -> Iterator[Sequence[Mapping[str, Any]]]:
    for name in ("drafts", "annotations", "predictions"):
        found: Any = task.get(name) or ()
        kept = [each for each in found if isinstance(each, Mapping) and not each.get("was_cancelled")]
        for each in sorted(kept, key=lambda each: str(each.get("updated_at") or each.get("created_at")), reverse=True):
            result = each.get("result")
            if isinstance(result, list):
                yield [item for item in result if isinstance(item, Mapping)]


def _sizes(result: Iterable[Mapping[str, Any]], image: str) -> dict[int, tuple[int, int]]:
    """Width and height of one tag's images, pixels, by their position."""
    found = {}
    for item in result:
        size = item.get("original_width"), item.get("original_height")
        if item.get("to_name") == image and all(isinstance(side, int) and side > 0 for side in size):
            found[int(item.get("item_index") or 0)] = (int(size[0] or 0), int(size[1] or 0))
    return found


def _page(regions: Sequence[AnnotatedRegion], size: tuple[int, int] | None, language: str, index: int) -> ExistingPage:
    width, height = size or (1, 1)
    lines, kept = [], []
    for region in regions if size else ():
        try:
            bbox = corners(region, width, height)
        except ValueError:
            continue  # no box: nothing that could be labelled
        if region.texts:
            placed = place_words(region.texts, bbox)
            words = tuple(Word(text, 1.0, box_to_polygon(box)) for text, box in placed)
            lines.append(Line(" ".join(word.text for word in words), 1.0, order_corners(bbox), words))
            kept.append(Region(order_corners(bbox), 1.0, text=region.text, id=region.id))
    page = OCRPage(tuple(lines), width, height, language, _ENGINE, _ENGINE, number=index + 1)
    return ExistingPage(page, tuple(kept))
