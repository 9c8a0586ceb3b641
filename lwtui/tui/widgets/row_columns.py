"""The columns and cells of a table, and how they share its width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style

Cell = str | tuple[str, str] | tuple[str, str, Sequence[int]]
"""A cleaned text, or (text, look) where look is one of ``RowTable.LOOKS``, or with the places of
letters in the text that are to stand out, sorted."""


@dataclass(frozen=True)
class Column:
    """``width`` in cells; a flexible column (``flex`` > 0) shares what is left, from ``width`` up.
    Columns of the highest ``rank`` leave first when the table is narrow; rank 0 always stays."""

    title: str
    width: int
    flex: int = 0
    right: bool = False
    rank: int = 0


def lay_out(columns: Sequence[Column], width: int) -> list[tuple[int, int]]:
    """Which columns fit into ``width`` cells, in order: (index, cells), one blank on each side."""
    kept = list(range(len(columns)))
    while len(kept) > 1 and sum(columns[i].width + 2 for i in kept) > width:
        weakest = max(kept, key=lambda i: (columns[i].rank, i))
        if columns[weakest].rank == 0:
            break
        kept.remove(weakest)
    spare = max(0, width - sum(columns[i].width + 2 for i in kept))
    flex = sum(columns[i].flex for i in kept) or 1
    return [(i, columns[i].width + spare * columns[i].flex // flex) for i in kept]


def highlighted(text: str, places: Sequence[int], style: Style, there: Style) -> list[Segment]:
    """``text`` as segments, with the letters at ``places`` in the style ``there``; an ellipsis that
    took the place of a letter stays as it is."""
    segments, start = [], 0
    for place in places:
        if place >= len(text) or (place == len(text.rstrip()) - 1 and text[place] == "…"):
            break
        segments += [Segment(text[start:place], style), Segment(text[place], there)]
        start = place + 1
    return [*segments, Segment(text[start:], style)]
