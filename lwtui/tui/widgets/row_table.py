"""A table that paints only the rows in sight, so that its size costs nothing.

``DataTable`` measures and keeps every cell (2 s to the first paint at 10,000 rows). Here the owner
says how many rows there are and hands over the cells of a row when it is painted; a row that is not
read yet paints as dots, and :class:`RowTable.Wanted` asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lwtui.tui.text import fit

Cell = str | tuple[str, str]
"""A cleaned text, or (text, look) where look is one of ``RowTable.LOOKS``."""


@dataclass(frozen=True)
class Column:
    """``width`` in cells; a flexible column (``flex`` > 0) shares what is left, from ``width`` up.
    Columns of the highest ``rank`` leave first when the table is narrow; rank 0 always stays."""

    title: str
    width: int
    flex: int = 0
    right: bool = False
    rank: int = 0


class RowTable(ScrollView, can_focus=True):
    """Rows with a cursor. Keys: arrows, j k, page up and down, home end, g G, enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor(-1)", "Up", show=False),
        Binding("down,j", "cursor(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "edge(-1)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]
    LOOKS: ClassVar[tuple[str, ...]] = ("dim", "accent", "good", "bad", "strong")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "row-table--header",
        "row-table--cursor",
        "row-table--hover",
        "row-table--dim",
        "row-table--accent",
        "row-table--good",
        "row-table--bad",
        "row-table--strong",
    }
    DEFAULT_CSS = """
    RowTable {
        background: $background; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1;
        & > .row-table--header { color: $foreground-muted; text-style: none; background: $surface; }
        & > .row-table--cursor {
            background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground;
        }
        &:focus > .row-table--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
        & > .row-table--hover { background: $surface; }
        & > .row-table--dim { color: $foreground-muted; }
        & > .row-table--accent { color: $accent; }
        & > .row-table--good { color: $success; }
        & > .row-table--bad { color: $error; }
        & > .row-table--strong { text-style: bold; }
    }
    """

    cursor = reactive(0)
    hover = reactive(-1)

    @dataclass
    class Moved(Message):
        """The cursor is on another row."""

        table: RowTable
        row: int

        @property
        def control(self) -> RowTable:
            return self.table

    @dataclass
    class Chosen(Message):
        """Enter, or a click on the row under the cursor."""

        table: RowTable
        row: int

        @property
        def control(self) -> RowTable:
            return self.table

    @dataclass
    class Wanted(Message):
        """A row in sight is not read yet."""

        table: RowTable
        row: int

        @property
        def control(self) -> RowTable:
            return self.table

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, RowTable.Wanted) and message.table is self.table

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[int], Sequence[Cell] | None],
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._cells = cells
        self._rows = 0
        self._widths: list[tuple[int, int]] = []

    # What the owner calls

    @property
    def row_count(self) -> int:
        return self._rows

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns; ``cells`` is asked for as many."""
        self._columns = tuple(columns)
        self._resize_content()
        self.refresh()

    def set_rows(self, count: int, cursor: int = 0) -> None:
        """There are now ``count`` rows; the cursor goes to ``cursor``."""
        self._rows = count
        self._resize_content()
        self.set_reactive(RowTable.cursor, max(0, min(cursor, count - 1)))
        self._show_cursor()
        self.refresh()
        self.post_message(self.Moved(self, self.cursor))

    def grow(self, count: int) -> None:
        """There are now ``count`` rows, and what is in sight stays there."""
        self._rows = count
        self._resize_content()
        self.refresh()

    # Painting

    def on_resize(self) -> None:
        self._resize_content()
        self._show_cursor()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def _resize_content(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        self._widths = lay_out(self._columns, width)
        self.virtual_size = Size(width, self._rows + 1)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        if y == 0:
            return self._header(width, base)
        row = self.scroll_offset.y + y - 1
        if row >= self._rows:
            return Strip.blank(width, base)
        style, plain_row = base, False
        if row == self.cursor:
            style, plain_row = base + self.get_component_rich_style("row-table--cursor"), True
        elif row == self.hover:
            style = base + self.get_component_rich_style("row-table--hover")
        cells = self._cells(row)
        if cells is None:
            # Painting runs in the name of the screen, which would be as far as the message gets.
            self.post_message(self.Wanted(self, row).set_sender(self))
            return Strip([Segment(fit(" …", width), style)], width)
        segments = []
        for index, column_width in self._widths:
            cell = cells[index]
            text, look = cell if isinstance(cell, tuple) else (cell, "")
            cell_style = style
            if look and not (plain_row and look == "dim"):
                looked = self.get_component_rich_style(f"row-table--{look}")
                cell_style = style + Style(color=looked.color, bold=looked.bold)
            column = self._columns[index]
            segments.append(Segment(" ", style))
            segments.append(Segment(fit(text, column_width, right=column.right), cell_style))
            segments.append(Segment(" ", style))
        return Strip(segments).adjust_cell_length(width, style)

    def _header(self, width: int, base: Style) -> Strip:
        style = base + self.get_component_rich_style("row-table--header")
        text = "".join(
            f" {fit(self._columns[i].title, w, right=self._columns[i].right)} "
            for i, w in self._widths
        )
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    # The cursor

    def validate_cursor(self, row: int) -> int:
        return max(0, min(row, self._rows - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        if old != new:
            self._show_cursor()
            self.post_message(self.Moved(self, new))
        self.refresh()

    def watch_hover(self) -> None:
        self.refresh()

    def _show_cursor(self) -> None:
        # The header stays in the first line, so a row is in sight one line below the scroll offset.
        height = self.scrollable_content_region.height - 1
        if height <= 0:
            return
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True)
        elif self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False, force=True)

    def action_cursor(self, step: int) -> None:
        self.cursor += step

    def action_page(self, direction: int) -> None:
        self.cursor += direction * max(1, self.scrollable_content_region.height - 2)

    def action_edge(self, direction: int) -> None:
        self.cursor = 0 if direction < 0 else self._rows - 1

    def action_choose(self) -> None:
        if self._rows:
            self.post_message(self.Chosen(self, self.cursor))

    def _row_at(self, y: int) -> int:
        row = self.scroll_offset.y + y - 1
        return row if y > 0 and row < self._rows else -1

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self.hover = self._row_at(event.y)

    def on_leave(self) -> None:
        self.hover = -1

    def on_click(self, event: events.Click) -> None:
        row = self._row_at(event.y)
        if row < 0:
            return
        if event.chain > 1:
            self.post_message(self.Chosen(self, row))
        else:
            self.cursor = row


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
