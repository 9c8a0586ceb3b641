"""A dialogue that picks one learnware of this machine by typing a few letters of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from lwtui.errors import LwtuiError
from lwtui.learnware.model import Learnware
from lwtui.tui import messages
from lwtui.tui.services import Query
from lwtui.tui.text import human_size, one_line, plain
from lwtui.tui.widgets.line_input import LineInput
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

if TYPE_CHECKING:
    from lwtui.tui.app import LwtuiApp

PAGE = 200
"""Rows that are read at once; more as they come into sight."""
COLUMNS = (
    Column("", 1),
    Column("learnware", 24, flex=3),
    Column("task", 14, flex=2, rank=1),
    Column("base", 12, flex=1, rank=3),
    Column("size", 7, right=True, rank=2),
)


class PickScreen(ModalScreen[Learnware | None]):
    """Dismissed with a learnware, or None. ``current`` is marked, and so are those on its base."""

    CSS_PATH = "pick.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("down", "move(1)", "Down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", show=False, priority=True),
        Binding("pagedown", "page(1)", "Page down", show=False, priority=True),
        Binding("pageup", "page(-1)", "Page up", show=False, priority=True),
    ]

    def __init__(self, title: str = "Talk with", current: Learnware | None = None) -> None:
        super().__init__()
        self._title = title
        self._current = current
        self._text = ""
        self._rows: list[Learnware] = []
        self._number = 0
        self._asked = -1
        """The page that is being read."""
        self._chosen_early = False
        """Enter came before the rows of what was typed."""

    def compose(self) -> ComposeResult:
        with Vertical(id="pick"):
            yield LineInput(placeholder="learnware, task, domain…", compact=True)
            yield RowTable(COLUMNS, self._cells)
            yield Static(id="pick-note", markup=False)

    def on_mount(self) -> None:
        self.query_one("#pick").border_title = plain(self._title)
        self._read("")

    def _read(self, text: str) -> None:
        self._number += 1
        self._text, self._asked = text, 0
        self.read_rows(self._number, text, 0)

    @work(thread=True, group="pick")
    def read_rows(self, number: int, text: str, page: int) -> None:
        services = cast("LwtuiApp", self.app).services
        try:
            rows, total = services.page(Query(text), page * PAGE, PAGE)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The collection could not be read", error))
            return
        self.post_message(messages.Page(number, page, rows, total))

    def on_page(self, message: messages.Page) -> None:
        message.stop()
        if message.query != self._number:
            return
        table = self.query_one(RowTable)
        if message.page:
            self._rows += message.rows
            table.grow(message.total)
        else:
            self._rows = message.rows
            table.set_rows(message.total)
        self._asked = -1
        self.query_one("#pick-note", Static).update(self._note(message.total))
        if self._chosen_early:
            self._choose()

    def _note(self, total: int) -> Content:
        if total:
            same = "; ≈ has the same base and is swapped in at once" if self._current else ""
            return Content(f"{total:,} on this machine{same}")
        if self._text:
            return Content("None on this machine is like that. The Hub has more: F1, then s.")
        return Content("No learnware is on this machine yet. F1, then s, looks on the Hub.")

    def _cells(self, row: int) -> list[Cell] | None:
        if row >= len(self._rows):
            return None
        learnware = self._rows[row]
        base = learnware.model.base.rsplit("/", 1)[-1] or "–"
        return [
            self._mark(learnware),
            one_line(learnware.id, 200),
            (one_line(learnware.semantic.task, 80), "dim"),
            (one_line(base, 80), "dim"),
            (human_size(learnware.size), "dim"),
        ]

    def _mark(self, learnware: Learnware) -> Cell:
        current = self._current
        if current is None:
            return ""
        if learnware.id == current.id:
            return ("●", "accent")
        return ("≈", "dim") if _root(learnware) == _root(current) else ""

    @on(RowTable.Wanted)
    def _wanted(self) -> None:
        page, rest = divmod(len(self._rows), PAGE)
        if not rest and self._asked < 0:
            self._asked = page
            self.read_rows(self._number, self._text, page)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._read(event.value)

    @on(Input.Submitted)
    @on(RowTable.Chosen)
    def _choose(self) -> None:
        self._chosen_early = self._asked == 0
        if self._chosen_early:
            return
        row = self.query_one(RowTable).cursor
        if row < len(self._rows):
            self.dismiss(self._rows[row])

    def action_move(self, step: int) -> None:
        self.query_one(RowTable).action_cursor(step)

    def action_page(self, direction: int) -> None:
        self.query_one(RowTable).action_page(direction)


def _root(learnware: Learnware) -> str:
    """The base that would be loaded for it."""
    return learnware.model.base if learnware.model.kind == "adapter" else learnware.id
