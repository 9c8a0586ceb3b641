"""What went wrong in this session: the list of errors, all an error says, and a key to copy it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Static

from lwtui.tui.complaints import Complaint
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import one_line, plain
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

COLUMNS = (
    Column("time", 8),
    Column("what", 20, flex=1),
    Column("why", 20, flex=2, rank=1),
)
TEACH = (
    "Nothing has gone wrong in this session. What does is listed here with all that is known of it."
)


class ErrorsScreen(Dialogue[None]):
    """The newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("y,c", "copy", "Copy the error"),
        Binding("a", "copy_all", "Copy all of them"),
    ]

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        super().__init__("Errors")
        self._complaints = list(complaints)[::-1]

    def compose_body(self) -> ComposeResult:
        if not self._complaints:
            yield Static(TEACH, classes="text muted")
        else:
            yield RowTable(COLUMNS, self._cells, id="errors")
            with VerticalScroll(id="error-scroll"):
                yield Static(id="error-text", markup=False)
        with Horizontal(classes="buttons"):
            if self._complaints:
                yield Button("Copy  (y)", id="copy", variant="primary", compact=True)
                yield Button("Copy all  (a)", id="copy-all", compact=True)
            yield Button("Close  (escape)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        if self._complaints:
            table = self.query_one(RowTable)
            table.set_rows(len(self._complaints))
            table.focus()
            self._show()

    @property
    def _complaint(self) -> Complaint:
        return self._complaints[self.query_one(RowTable).cursor]

    def _cells(self, row: int) -> list[Cell]:
        complaint = self._complaints[row]
        return [
            (f"{complaint.at:%H:%M:%S}", "dim"),
            one_line(complaint.title, 120),
            (one_line(complaint.text, 200), "dim"),
        ]

    @on(RowTable.Moved)
    def _show(self) -> None:
        self.query_one("#error-text", Static).update(plain(self._complaint.whole))
        self.query_one("#error-scroll").scroll_home(animate=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self._complaints) or not action.startswith("copy")

    @on(RowTable.Chosen)
    @on(Button.Pressed, "#copy")
    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._complaint.whole)
        self.lwtui.tell_user("The error is copied.")

    @on(Button.Pressed, "#copy-all")
    def action_copy_all(self) -> None:
        self.app.copy_to_clipboard("\n\n".join(each.whole for each in self._complaints))
        self.lwtui.tell_user(f"{len(self._complaints)} errors are copied.")

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.dismiss(None)
