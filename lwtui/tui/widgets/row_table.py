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
from textual.strip import Strip

from lwtui.tui.text import fit
from lwtui.tui.widgets.row_columns import Cell, Column, highlighted, lay_out
from lwtui.tui.widgets.row_marks import MARK, RowMarks

__all__ = ["Cell", "Column", "RowTable", "lay_out"]


class RowTable(RowMarks, can_focus=True):
    """Rows with a cursor. Keys: arrows, j k, page up and down, home end, g G, enter.
    With ``marks`` rows can be marked: space, ctrl+a or * all, shift with the arrows a stretch. The
    table keeps them in :attr:`marked`, unless ``marks`` is a function that says whether a row is
    marked: then the owner keeps them, told by :class:`Marked` and :class:`AllMarked`.
    """

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
        "row-table--found",
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
        & > .row-table--found { color: $accent; text-style: bold underline; }
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

    @dataclass
    class HeaderPressed(Message):
        """A click on the title of a column."""

        table: RowTable
        column: int

        @property
        def control(self) -> RowTable:
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        cells: Callable[[int], Sequence[Cell] | None],
        *,
        marks: bool | Callable[[int], bool] = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(marks, id, classes)
        self._columns = tuple(columns)
        self._cells = cells
        self._rows = 0
        self._widths: list[tuple[int, int]] = []
        self._sorted: tuple[int, bool] | None = None
        self._styles: dict[tuple[str, bool], Style] = {}

    # What the owner calls

    @property
    def row_count(self) -> int:
        return self._rows

    def row_text(self, row: int) -> str | None:
        """The words of a row, for who looks for some; None while it is not read."""
        cells = self._cells(row)
        if cells is None:
            return None
        return " ".join(cell if isinstance(cell, str) else cell[0] for cell in cells)

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns; ``cells`` is asked for as many."""
        self._columns = tuple(columns)
        self._resize_content()
        self.refresh()

    def set_sort(self, column: int | None, descending: bool = False) -> None:
        """Show an arrow in the title of the column that the rows are sorted by."""
        self._sorted = None if column is None else (column, descending)
        self.refresh()

    def set_rows(self, count: int, cursor: int = 0) -> None:
        """There are now ``count`` rows; the cursor goes to ``cursor``. Marks are gone."""
        self._rows = count
        self.forget_marks()
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
        self._styles.clear()
        self.refresh()

    def _style(self, name: str) -> Style:
        # Asking the style sheet for each cell would take most of the time of a painting.
        key = (name, self.has_focus)
        if key not in self._styles:
            self._styles[key] = self.get_component_rich_style(f"row-table--{name}")
        return self._styles[key]

    def _resize_content(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        self._widths = lay_out(self._columns, width - 2 * self._marks)
        self.virtual_size = Size(width, self._rows + 1)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        base = self.rich_style
        if y == 0:
            return self._header(width, base)
        row = self.scroll_offset.y + y - 1
        if row >= self._rows:
            return Strip.blank(width, base)
        style, under_cursor = base, row == self.cursor
        if under_cursor:
            style = base + self._style("cursor")
        elif row == self.hover:
            style = base + self._style("hover")
        cells = self._cells(row)
        if cells is None:
            # Painting runs in the name of the screen: the message would get no further.
            self.post_message(self.Wanted(self, row).set_sender(self))
            return Strip([Segment(fit(" …", width), style)], width)
        segments = []
        if self._marks:
            mark = f" {MARK if self._is_marked(row) else ' '}"
            segments.append(Segment(mark, style + Style(color=self._style("accent").color)))
        for index, column_width in self._widths:
            cell = cells[index]
            text, look, *places = (cell, "") if isinstance(cell, str) else cell
            cell_style = style
            if look and not (under_cursor and look == "dim"):
                looked = self._style(look)
                cell_style = style + Style(color=looked.color, bold=looked.bold)
            column = self._columns[index]
            shown = fit(text, column_width, right=column.right)
            segments.append(Segment(" ", style))
            if places and places[0] and not column.right:
                found = self._style("found")
                # On the cursor its own colour is the one that can be read.
                colour = None if under_cursor else found.color
                look_there = Style(color=colour, bold=found.bold, underline=found.underline)
                segments += highlighted(shown, places[0], cell_style, cell_style + look_there)
            else:
                segments.append(Segment(shown, cell_style))
            segments.append(Segment(" ", style))
        return Strip(segments).adjust_cell_length(width, style)

    def _header(self, width: int, base: Style) -> Strip:
        style = base + self._style("header")
        text = " " * (2 * self._marks) + "".join(
            f" {fit(self._title(i), w, right=self._columns[i].right)} " for i, w in self._widths
        )
        return Strip([Segment(text, style)]).adjust_cell_length(width, style)

    def _title(self, column: int) -> str:
        title = self._columns[column].title
        if self._sorted is None or self._sorted[0] != column:
            return title
        return f"{title} {'▼' if self._sorted[1] else '▲'}"

    # The cursor

    def validate_cursor(self, row: int) -> int:
        return max(0, min(row, self._rows - 1))

    def watch_cursor(self, old: int, new: int) -> None:
        if old != new:
            self.end_stretch(new)
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

    def _column_at(self, x: int) -> int | None:
        start = 2 * self._marks
        for index, width in self._widths:
            if start <= x < start + width + 2:
                return index
            start += width + 2
        return None

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
            column = self._column_at(event.x) if event.y == 0 else None
            if column is not None:
                self.post_message(self.HeaderPressed(self, column))
            return
        if self._marks and event.x < 2:
            self._mark(range(row, row + 1), not self._is_marked(row))
        elif event.chain > 1:
            self.post_message(self.Chosen(self, row))
        else:
            self.cursor = row
