"""Where rows of cells are a table, and what its columns are. Pure geometry."""

from __future__ import annotations

from collections.abc import Sequence

from ml_server.bulk.rows import Cell, Row, distance


def table_end(rows: Sequence[Row], start: int) -> int:
    """The row after a table that begins with row ``start``; ``start`` where none does.

    A table has two rows or more of several cells with at least two columns in common. A row of one cell belongs to it
    if it stands between such rows, under one of the columns.
    """
    if len(rows[start]) < 2:
        return start
    bands = _bands(rows[start : start + 1])
    last, several = start, 1
    for index in range(start + 1, len(rows)):
        row = rows[index]
        if distance(rows[index - 1], row) > 3 * row[0].height:
            break
        places = [_place(cell, bands) for cell in row]
        common = sum(place is not None for place in places)
        if len(row) == 1:
            if common == 0 or index - last > 2 or _spans(row[0], bands):
                break
            continue
        if common < 2:
            break
        bands = _bands(rows[start : index + 1])
        if len(bands) < 2:
            break
        last, several = index, several + 1
    return last + 1 if several > 1 and len(_bands(rows[start : last + 1])) > 1 else start


def _bands(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Where the columns are, from left to right, by rows of several cells; those of most cells say first.

    A cell that reaches over columns that other rows have makes one of them no wider.
    """
    bands: list[tuple[float, float]] = []
    for row in sorted((row for row in rows if len(row) > 1), key=len, reverse=True):
        for left, right in ((cell.box[0], cell.box[2]) for cell in row):
            met = [band for band in bands if left < band[1] and right > band[0]]
            if len(met) < 2:
                low, high = met[0] if met else (left, right)
                bands = [band for band in bands if band not in met] + [(min(left, low), max(right, high))]
    return sorted(bands)


def _place(cell: Cell, bands: Sequence[tuple[float, float]]) -> int | None:
    """The column that a cell stands in most; None where it stands in none."""
    overlaps = [min(cell.box[2], right) - max(cell.box[0], left) for left, right in bands]
    best = max(range(len(bands)), key=overlaps.__getitem__)
    return best if overlaps[best] > 0 else None


def _spans(cell: Cell, bands: Sequence[tuple[float, float]]) -> bool:
    """Whether a cell reaches over several columns."""
    return sum(min(cell.box[2], right) > max(cell.box[0], left) for left, right in bands) > 1


def table_rows(rows: Sequence[Row]) -> tuple[tuple[str, ...], ...]:
    """The texts of a table's rows, as many in each as there are columns."""
    bands = _bands(rows)
    table = []
    for row in rows:
        texts: list[list[str]] = [[] for _ in bands]
        for cell in row:
            texts[_place(cell, bands) or 0].append(cell.text)
        table.append(tuple(" ".join(words) for words in texts))
    return tuple(table)
