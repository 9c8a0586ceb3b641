"""How a learnware that has no specification is to get one."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from lwtui.tui.hub_services import Method
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

METHODS: tuple[tuple[Method, str, str], ...] = (
    ("auto", "whatever there is", "the first of the following that works"),
    ("published", "published in its repository", "grade A: its author's own"),
    ("datasets", "the datasets its card names", "grade B: a sample of them is read"),
    ("answers", "its own answers", "grade C: on fixed prompts; it runs here"),
)
COLUMNS = (Column("from", 28), Column("what that is worth", 40, flex=1))


class SpecifyScreen(Dialogue[Method | None]):
    """Dismissed with the method, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Not now")]

    def __init__(self, learnware_id: str) -> None:
        super().__init__(f"Specify {learnware_id}")

    def compose_body(self) -> ComposeResult:
        yield Static(
            "A specification says what a model is good at, so that it can be matched with data. "
            "It is computed on this machine.",
            classes="text muted",
        )
        yield RowTable(COLUMNS, self._cells)
        with Horizontal(classes="buttons"):
            yield Button("Specify  (enter)", id="specify", variant="primary", compact=True)
            yield Button("Not now  (escape)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(RowTable).set_rows(len(METHODS))
        self.query_one(RowTable).focus()

    def _cells(self, row: int) -> list[Cell]:
        _, name, worth = METHODS[row]
        return [name, (worth, "dim")]

    @on(RowTable.Chosen)
    @on(Button.Pressed, "#specify")
    def _chosen(self) -> None:
        self.dismiss(METHODS[self.query_one(RowTable).cursor][0])

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.dismiss(None)
