"""What became of a model's answer, and how its boxes are brought back to the page."""

from __future__ import annotations

from dataclasses import dataclass

from ml_server.document import Block, Polygon
from ml_server.geometry import box_to_polygon, clamp

_SLACK = 1.02
"""Boxes may reach so far beyond what the model has seen, by its sides; models round, and pages have margins."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of an answer.

    Attributes:
        blocks: in reading order.
        warnings: what had to be done to the answer, for people.
        spoilt: whether another try may well give a better answer.
    """

    blocks: tuple[Block, ...]
    warnings: tuple[str, ...] = ()
    spoilt: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """What boxes in an answer refer to, and the page they are brought back to.

    Attributes:
        width: of what the model has seen, in its units: pixels of the picture, or 1000.
        height: the same.
        page_width: pixels.
        page_height: pixels.
    """

    width: float
    height: float
    page_width: int
    page_height: int

    @property
    def whole(self) -> Polygon:
        """The page itself."""
        return box_to_polygon((0, 0, self.page_width, self.page_height))

    def holds(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Whether a box of an answer lies within what the model has seen, give or take a little."""
        return max(left, right) <= self.width * _SLACK and max(top, bottom) <= self.height * _SLACK

    def placed(self, left: float, top: float, right: float, bottom: float) -> Polygon | None:
        """A box of an answer on the page; None if nothing of it is there."""
        across, down = self.page_width / self.width, self.page_height / self.height
        box = (
            min(left, right) * across,
            min(top, bottom) * down,
            max(left, right) * across,
            max(top, bottom) * down,
        )
        quad = clamp(box_to_polygon(box), self.page_width, self.page_height)
        (x0, y0), _, (x1, y1), _ = quad
        return quad if x1 > x0 and y1 > y0 else None
