"""Pure geometry of boxes on a page. Pixels, origin top-left; see :mod:`ml_server.document` for the conventions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias, TypeVar

from ml_server.document import Line, Point, Polygon, Word

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""

T = TypeVar("T")


def order_corners(points: Iterable[Sequence[float]]) -> Polygon:
    """The four corners of a convex quadrangle, clockwise from the top-left one.

    The top-left corner is the one with the smallest x + y; ties go to the smaller y.

    Raises:
        ValueError: not exactly four points.
    """
    corners = [(float(point[0]), float(point[1])) for point in points]
    if len(corners) != 4:
        raise ValueError(f"a polygon has 4 corners, not {len(corners)}")
    cx, cy = sum(x for x, _ in corners) / 4, sum(y for _, y in corners) / 4
    # Walking by angle around the centre is clockwise because y points down.
    corners.sort(key=lambda p: _turn(p[0] - cx, p[1] - cy))
    first = min(range(4), key=lambda i: (corners[i][0] + corners[i][1], corners[i][1]))
    a, b, c, d = corners[first:] + corners[:first]
    return (a, b, c, d)


def _turn(dx: float, dy: float) -> float:
    """A number that grows with the clockwise angle of (dx, dy), 0..4; cheaper than atan2 and exact on the axes."""
    size = abs(dx) + abs(dy)
    if size == 0:
        return 0.0
    share = dy / size
    return share + 4 if dx >= 0 > dy else share if dx >= 0 else 2 - share


def box_to_polygon(box: Box) -> Polygon:
    """The four corners of an upright box."""
    left, top, right, bottom = (float(value) for value in box)
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def polygon_to_box(polygon: Polygon) -> Box:
    """The smallest upright box around a polygon."""
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return (min(xs), min(ys), max(xs), max(ys))


def clamp(polygon: Polygon, width: int, height: int) -> Polygon:
    """The polygon with every corner moved into the page, 0..width by 0..height, to a tenth of a pixel."""
    a, b, c, d = ((round(min(max(x, 0.0), width), 1), round(min(max(y, 0.0), height), 1)) for x, y in polygon)
    return (a, b, c, d)


def unrotate(polygon: Polygon, quarter_turns: int, width: int, height: int) -> Polygon:
    """Bring a polygon found on a turned copy of the page back to the page as it was sent.

    Args:
        polygon: found on ``numpy.rot90(page, quarter_turns)``, that is on the page turned counter-clockwise.
        quarter_turns: any integer; 1 is 90 degrees counter-clockwise.
        width: of the page as it was sent, pixels.
        height: of the page as it was sent, pixels.
    """

    def back(point: Point) -> Point:
        x, y = point
        match quarter_turns % 4:
            case 1:
                return (width - y, x)
            case 2:
                return (width - x, height - y)
            case 3:
                return (y, height - x)
            case _:
                return (x, y)

    return order_corners(back(point) for point in polygon)


def along(quad: Sequence[Sequence[float]], start: float, end: float) -> Polygon:
    """The part of a text line between two fractions of its length.

    Args:
        quad: corners in the order of the *text*: its top-left, top-right, bottom-right, bottom-left.
        start: 0..1 along the line, from where the text begins.
        end: 0..1, at least ``start``.
    """

    def between(p: Sequence[float], q: Sequence[float], share: float) -> Point:
        return (p[0] + (q[0] - p[0]) * share, p[1] + (q[1] - p[1]) * share)

    top_left, top_right, bottom_right, bottom_left = quad
    return order_corners(
        (
            between(top_left, top_right, start),
            between(top_left, top_right, end),
            between(bottom_left, bottom_right, end),
            between(bottom_left, bottom_right, start),
        )
    )


def reading_order(items: Sequence[T], boxes: Sequence[Box]) -> list[T]:
    """Items sorted as a page is read: columns of prose one after the other, everything else row by row.

    A recursive X-Y cut (Nagy and Seth, 1984). The boxes are parted at empty horizontal stripes into bands; bands in a
    row that a common gutter divides into columns of long lines are taken together and parted at the gutter. A part
    that no stripe divides is parted at its gutters, and what they do not divide is sorted into rows. So forms, tables
    and receipts read across, and articles down.

    Args:
        items: what to sort.
        boxes: one per item.
    """
    order = _cut(list(range(len(items))), boxes)
    return [items[index] for index in order]


def _cut(indices: list[int], boxes: Sequence[Box]) -> list[int]:
    if len(indices) < 2:
        return indices
    bands = _parts(indices, boxes, axis=1)
    if len(bands) == 1:
        gutters = _parts(indices, boxes, axis=0)
        if len(gutters) == 1:
            return _rows(indices, boxes)
        return [index for gutter in gutters for index in _cut(gutter, boxes)]
    order: list[int] = []
    while bands:
        taken = _common_gutters(bands, boxes)
        together = [index for band in bands[:taken] for index in band]
        columns = _parts(together, boxes, axis=0)
        if len(columns) > 1 and all(_is_prose(column, boxes) for column in columns):
            order += [index for column in columns for index in _cut(column, boxes)]
        else:
            order += [index for band in bands[:taken] for index in _cut(band, boxes)]
        bands = bands[taken:]
    return order


def _common_gutters(bands: list[list[int]], boxes: Sequence[Box]) -> int:
    """How many bands, from the first one on, a gutter runs through without a break; at least 1."""
    together = list(bands[0])
    for count, band in enumerate(bands[1:], start=1):
        together += band
        if len(_parts(together, boxes, axis=0)) == 1:
            return count
    return len(bands)


def _is_prose(indices: list[int], boxes: Sequence[Box]) -> bool:
    """Whether these are at least four lines, most of them ten times as long as high: cells and labels are shorter."""
    shapes = sorted((boxes[i][2] - boxes[i][0]) / max(boxes[i][3] - boxes[i][1], 1.0) for i in indices)
    return len(shapes) >= 4 and shapes[len(shapes) // 2] >= 10


def _parts(indices: list[int], boxes: Sequence[Box], axis: int) -> list[list[int]]:
    """Groups divided by empty stripes across ``axis`` (0: x, 1: y).

    Boxes are shrunk by a fifth of their height on each side of the y axis, as detectors draw them with a margin and
    the boxes of neighbouring lines touch.
    """
    spans = []
    for index in indices:
        low, high = boxes[index][axis], boxes[index][axis + 2]
        margin = (high - low) * 0.2 if axis == 1 else 0.0
        spans.append((low + margin, high - margin, index))
    spans.sort()
    parts: list[list[int]] = []
    reach = float("-inf")
    for low, high, index in spans:
        if low >= reach:
            parts.append([])
        parts[-1].append(index)
        reach = max(reach, high)
    return parts


def _rows(indices: list[int], boxes: Sequence[Box]) -> list[int]:
    """Rows by vertical centre: a box joins the row whose first box's middle band it overlaps; left to right within."""
    rows: list[list[int]] = []
    for index in sorted(indices, key=lambda i: boxes[i][1] + boxes[i][3]):
        centre = (boxes[index][1] + boxes[index][3]) / 2
        first = boxes[rows[-1][0]] if rows else None
        if (
            first is not None
            and first[1] <= centre <= first[3]
            and centre - (first[1] + first[3]) / 2 <= (first[3] - first[1]) / 2
        ):
            rows[-1].append(index)
        else:
            rows.append([index])
    return [index for row in rows for index in sorted(row, key=lambda i: boxes[i][0])]


def make_line(words: Sequence[Word], confidence: float, bbox: Polygon) -> Line:
    """A line from its words; its text is theirs joined by single spaces.

    Raises:
        ValueError: no words.
    """
    if not words:
        raise ValueError("a line has at least one word")
    return Line(text=" ".join(word.text for word in words), confidence=confidence, bbox=bbox, words=tuple(words))
