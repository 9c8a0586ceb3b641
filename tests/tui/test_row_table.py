"""The table paints only what is in sight, and its cursor never leaves the rows."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.binding import BindingType

from lwtui.tui.theme import LWTUI_DARK
from lwtui.tui.widgets.row_table import Cell, Column, RowTable, lay_out

from .helpers import wait_until

COLUMNS = (
    Column("name", 10, flex=1),
    Column("size", 6, right=True, rank=2),
    Column("x", 3, rank=1),
)


class TableApp(App[None]):
    BINDINGS: ClassVar[list[BindingType]] = [("space", "space", "Space")]

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.register_theme(LWTUI_DARK)
        self.theme = LWTUI_DARK.name
        self.rows = rows
        self.asked: set[int] = set()
        self.wanted: list[int] = []
        self.chosen: list[int] = []
        self.pressed: list[int] = []
        self.marks = False
        self.places: list[int] = []
        self.spaces = 0

    def compose(self) -> ComposeResult:
        yield RowTable(COLUMNS, self.cells, marks=self.marks)

    def action_space(self) -> None:
        self.spaces += 1

    def on_row_table_header_pressed(self, message: RowTable.HeaderPressed) -> None:
        self.pressed.append(message.column)

    def on_mount(self) -> None:
        self.query_one(RowTable).set_rows(self.rows)
        self.query_one(RowTable).focus()

    def cells(self, row: int) -> list[Cell] | None:
        self.asked.add(row)
        return None if row % 1000 == 999 else [(f"row {row}", "", self.places), ("1", "dim"), "界"]

    def on_row_table_wanted(self, message: RowTable.Wanted) -> None:
        self.wanted.append(message.row)

    def on_row_table_chosen(self, message: RowTable.Chosen) -> None:
        self.chosen.append(message.row)


async def test_a_million_rows_cost_what_is_in_sight() -> None:
    app = TableApp(1_000_000)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("end")
        await wait_until(pilot, lambda: app.wanted)
        assert app.query_one(RowTable).cursor == 999_999
        assert set(app.wanted) == {999_999}
        await pilot.press("k", "enter")
        assert app.chosen == [999_998]
        await pilot.press("g")
        assert app.query_one(RowTable).cursor == 0
        assert len(app.asked) < 100


async def test_keys_stop_at_the_ends() -> None:
    app = TableApp(3)
    async with app.run_test(size=(60, 20)) as pilot:
        table = app.query_one(RowTable)
        await pilot.press("up")
        assert table.cursor == 0
        await pilot.press("j", "j", "j", "pagedown")
        assert table.cursor == 2
        await pilot.press("pageup")
        assert table.cursor == 0


async def test_no_rows() -> None:
    app = TableApp(0)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("down", "end", "enter")
        assert app.query_one(RowTable).cursor == 0
        assert app.chosen == []


async def test_mouse() -> None:
    app = TableApp(50)
    async with app.run_test(size=(60, 20)) as pilot:
        table = app.query_one(RowTable)
        await pilot.click(RowTable, offset=(5, 4))
        assert table.cursor == 3
        await pilot.click(RowTable, offset=(5, 0))  # the header
        assert table.cursor == 3
        await pilot.click(RowTable, offset=(5, 6), times=2)
        assert app.chosen == [5]
        await pilot.hover(RowTable, offset=(5, 8))
        assert table.hover == 7


async def test_the_cursor_stays_in_sight_when_the_terminal_shrinks() -> None:
    app = TableApp(50)
    async with app.run_test(size=(60, 40)) as pilot:
        table = app.query_one(RowTable)
        await pilot.press(*["down"] * 30)
        await pilot.resize_terminal(30, 10)
        await pilot.pause()
        assert table.scroll_offset.y <= table.cursor < table.scroll_offset.y + 9


@given(st.integers(0, 200))
def test_columns_fit_or_only_the_first_is_left(width: int) -> None:
    kept = lay_out(COLUMNS, width)
    used = sum(cells + 2 for _, cells in kept)
    assert kept[0][0] == 0
    assert used <= max(width, 12)
    assert width < 12 or used == width


async def test_rows_are_marked_by_key_and_click_one_a_stretch_or_all() -> None:
    app = TableApp(50)
    app.marks = True
    async with app.run_test(size=(60, 20)) as pilot:
        table = app.query_one(RowTable)
        await pilot.press("space", "space")
        assert (table.marked, table.cursor) == ({0, 1}, 2)
        await pilot.press("j", "shift+down", "shift+down", "J")
        assert table.marked == {0, 1, 3, 4, 5, 6}
        await pilot.press("K", "shift+up")
        assert (table.marked, table.cursor) == ({0, 1, 3, 4}, 4)
        await pilot.press("g", "space")
        assert table.marked == {1, 3, 4}
        await pilot.click(RowTable, offset=(1, 9))  # row 8
        assert table.marked == {1, 3, 4, 8}
        await pilot.press("ctrl+a")
        assert table.marked == set(range(50))
        await pilot.press("*")
        assert table.marked == set()
        await pilot.press("end", "shift+down", "space")
        assert table.cursor == 49
        table.set_rows(3)
        assert table.marked == set()


async def test_without_marks_their_keys_are_the_screens_and_headers_tell_their_column() -> None:
    app = TableApp(50)
    async with app.run_test(size=(60, 20)) as pilot:
        table = app.query_one(RowTable)
        await pilot.press("space", "ctrl+a")
        assert app.spaces == 1
        assert table.marked == set()
        await pilot.click(RowTable, offset=(58, 0))
        assert app.pressed == [2]
        table.set_sort(1, descending=True)
        assert "size ▼" in table.render_line(0).text
        table.set_sort(0)
        assert "name ▲" in table.render_line(0).text


async def test_letters_stand_out() -> None:
    app = TableApp(9)
    app.places = [0, 4]
    async with app.run_test(size=(60, 20)):
        table = app.query_one(RowTable)
        for row in (0, 3):
            strip = table.render_line(row + 1)
            assert [part.text for part in strip if part.style and part.style.underline] == [
                "r", str(row),
            ]  # fmt: skip
            assert strip.text.startswith(f" row {row}")
            assert strip.cell_length == 60
