"""Columns of text padded with spaces, as Go's `text/tabwriter` pads them.

A cell is the text before a tab. A column is a run of neighbouring lines that all have a tab-ended cell there;
the text after the last tab of a line belongs to no column. Columns of separate runs are independent, which is
why `describe` aligns each group of lines on its own.

Promises: pure functions on text.
"""

from __future__ import annotations

from collections.abc import Sequence


def align(text: str, *, min_width: int = 0, padding: int = 2) -> str:
    """Replace the tabs of `text` by spaces (the settings of `describe`: no minimum, two spaces)."""
    if "\t" not in text:
        return text
    lines = [line.split("\t") for line in text.split("\n")]
    widths = _widths(lines, min_width=min_width, padding=padding)
    return "\n".join(_padded(cells, of_line) for cells, of_line in zip(lines, widths, strict=True))


def _widths(lines: Sequence[list[str]], *, min_width: int, padding: int) -> list[list[int]]:
    widths: list[list[int]] = [[0] * (len(cells) - 1) for cells in lines]
    for column in range(max(len(cells) for cells in lines) - 1):
        run: list[int] = []
        for index in range(len(lines) + 1):
            if index < len(lines) and column < len(lines[index]) - 1:
                run.append(index)
            elif run:
                width = max(min_width, *(len(lines[i][column]) + padding for i in run))
                for i in run:
                    widths[i][column] = width
                run = []
    return widths


def _padded(cells: list[str], widths: list[int]) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)) + cells[-1]


def rows_text(rows: Sequence[Sequence[str]], widths: list[int] | None = None) -> tuple[str, list[int]]:
    """Rows of a `kubectl get` table: at least six wide, three spaces apart; also the widths, for later rows.

    `widths` of rows printed before make a stream of rows (a watch) keep its columns.
    """
    columns = max((len(row) for row in rows), default=1) - 1
    known = list(widths or ()) + [6] * columns
    for column in range(columns):
        for row in rows:
            if column < len(row) - 1:
                known[column] = max(known[column], len(row[column]) + 3)
    known = known[: max(columns, len(widths or ()))]
    text = "".join(_padded(list(row), known) + "\n" for row in rows)
    return text, known
