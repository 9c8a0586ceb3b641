"""Looking for words in whatever has the focus: a list, a tree, a table or a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from textual.containers import ScrollableContainer
from textual.geometry import Region
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.widgets import OptionList, Tree

MOST = 20_000
"""Rows of a table looked at. What is not read yet is not found."""


def can_find(widget: Widget) -> bool:
    """Whether :func:`find_in` knows how to look through it."""
    from textual.widgets import OptionList, Tree

    known = isinstance(widget, (OptionList, Tree, ScrollableContainer))
    return known or hasattr(widget, "row_text")


def find_in(widget: Widget, text: str) -> int | None:
    """Go to the next place that says ``text``, whatever its case. 1: found; -1: found by starting
    again at the top; None: nowhere."""
    from textual.widgets import OptionList, Tree

    words = text.casefold()
    if isinstance(widget, OptionList):
        return _find_option(widget, words)
    if isinstance(widget, Tree):
        return _find_node(widget, words)
    if hasattr(widget, "row_text"):
        return _find_row(widget, words)
    return _find_line(widget, words)


def _search(
    count: int, after: int, says: Callable[[int], str | None], words: str
) -> tuple[int | None, int]:
    """(the next place, 1 or -1 as in :func:`find_in`)"""
    for step in range(1, min(count, MOST) + 1):
        place = (after + step) % count
        told = says(place)
        if told is not None and words in told.casefold():
            return place, 1 if place > after else -1
    return None, 0


def _find_option(options: OptionList, words: str) -> int | None:
    def says(place: int) -> str:
        option = options.get_option_at_index(place)
        return "" if option.disabled else str(option.prompt)

    after = -1 if options.highlighted is None else options.highlighted
    place, turn = _search(options.option_count, after, says, words)
    if place is None:
        return None
    options.highlighted = place
    return turn


def _find_node(tree: Tree[Any], words: str) -> int | None:
    def says(line: int) -> str:
        node = tree.get_node_at_line(line)
        return "" if node is None else str(node.label)

    line, turn = _search(tree.last_line + 1, tree.cursor_line, says, words)
    if line is None:
        return None
    tree.cursor_line = line
    return turn


def _find_row(table: Any, words: str) -> int | None:
    row, turn = _search(table.row_count, table.cursor, table.row_text, words)
    if row is None:
        return None
    table.cursor = row
    return turn


def _find_line(pane: Widget, words: str) -> int | None:
    """A text has no cursor: the line found becomes the first in sight."""
    lines = list(_lines(pane))
    top = round(pane.scroll_target_y)
    last = round(pane.max_scroll_y)
    found = [y for y, told in lines if words in told.casefold()]
    if not found:
        return None
    below = [y for y in found if y > top]
    # What stands on the last page cannot be scrolled further up: from there it begins again.
    y = below[0] if below and not (top >= last and top > 0) else found[0]
    pane.scroll_to(y=y, animate=False, force=True)
    return 1 if y > top else -1


def _lines(pane: Widget) -> Iterator[tuple[int, str]]:
    """(line within what is scrolled, its text) of everything in it."""
    origin = pane.content_region.y - round(pane.scroll_y)
    for widget in pane.query("*"):
        height, width = widget.size.height, widget.size.width
        if not widget.display or not width or len(widget.children):
            continue
        top = widget.content_region.y - origin
        for number, strip in enumerate(widget.render_lines(Region(0, 0, width, height))):
            yield top + number, strip.text
