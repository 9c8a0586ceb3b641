"""Pulled learnwares of which the Hub has a newer revision, and what changed in them."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from lwtui.tui.hub_services import UpdateView
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import human_size, one_line
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

SHOWN = 8
COLUMNS = (Column("learnware", 30, flex=1), Column("here", 9), Column("there", 9))


class UpdatesScreen(Dialogue[UpdateView | None]):
    """Dismissed with the update that is to be pulled, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("enter,p", "pull", "Pull", priority=True),
    ]

    def __init__(self, updates: list[UpdateView]) -> None:
        super().__init__("Newer on the Hub")
        self._updates = updates

    def compose_body(self) -> ComposeResult:
        yield RowTable(COLUMNS, self._cells)
        yield Static(id="changed", classes="text muted", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Pull the newer one  (enter)", id="pull", variant="primary", compact=True)
            yield Button("Close  (escape)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(RowTable).set_rows(len(self._updates))
        self.query_one(RowTable).focus()

    def _cells(self, row: int) -> list[Cell]:
        update = self._updates[row]
        return [
            one_line(update.id, 140),
            (one_line(update.here, 40)[:8], "dim"),
            (one_line(update.there, 40)[:8], "accent"),
        ]

    @on(RowTable.Moved)
    def _moved(self, message: RowTable.Moved) -> None:
        update = self._updates[message.row]
        changed = update.changed
        lines = [
            f"{one_line(status, 12):<9} {one_line(path, 140)}  {human_size(size) if size else ''}"
            for status, path, size in changed[:SHOWN]
        ]
        if len(changed) > SHOWN:
            lines.append(f"… and {len(changed) - SHOWN:,} more")
        if update.note:
            lines.insert(0, one_line(update.note, 300))
        self.query_one("#pull", Button).disabled = not update.there
        self.query_one("#changed", Static).update(Content("\n".join(lines)))

    def action_pull(self) -> None:
        update = self._updates[self.query_one(RowTable).cursor]
        if update.there:
            self.dismiss(update)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "pull":
            self.action_pull()
        else:
            self.dismiss(None)
