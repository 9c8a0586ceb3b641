"""Models that other tools left in the cache: which of them are to be learnwares here."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from lwtui.dock.record import HubModel
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import human_size, one_line
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

COLUMNS = (Column("", 1), Column("model", 30, flex=1), Column("size", 8, right=True))


class AdoptScreen(Dialogue[list[str] | None]):
    """Dismissed with the repositories that were left marked, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Not now"),
        Binding("enter", "adopt", "Adopt", priority=True),
        Binding("space", "mark", "Mark", priority=True),
    ]

    def __init__(self, models: list[HubModel]) -> None:
        count = len(models)
        super().__init__(f"{count} model{'s' * (count != 1)} found in your cache")
        self._models = models
        self._marked = {model.id for model in models}

    def compose_body(self) -> ComposeResult:
        yield Static(
            "They are whole and lie in the Hugging Face cache. Adopted, they are learnwares here; "
            "nothing is downloaded, copied or moved.",
            classes="text muted",
        )
        yield RowTable(COLUMNS, self._cells)
        with Horizontal(classes="buttons"):
            yield Button("Adopt the marked  (enter)", id="adopt", variant="primary", compact=True)
            yield Button("Mark  (space)", id="mark", compact=True)
            yield Button("Not now  (escape)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(RowTable).set_rows(len(self._models))
        self.query_one(RowTable).focus()

    def _cells(self, row: int) -> list[Cell]:
        model = self._models[row]
        marked = model.id in self._marked
        return [
            ("✓", "good") if marked else "",
            (one_line(model.id, 140), "" if marked else "dim"),
            (human_size(model.size), "dim"),
        ]

    def action_mark(self) -> None:
        self._marked ^= {self._models[self.query_one(RowTable).cursor].id}
        self.query_one(RowTable).refresh()

    def action_adopt(self) -> None:
        self.dismiss([model.id for model in self._models if model.id in self._marked])

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        {"adopt": self.action_adopt, "mark": self.action_mark}.get(
            event.button.id or "", lambda: self.dismiss(None)
        )()
