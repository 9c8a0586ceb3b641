"""The first time: what lwtui is, and the shortest way to an answer."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.services import Place
from lwtui.tui.text import one_line
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

FIRST = "finance-support"
"""The demo dataset that is offered first."""
ABOUT = {
    "finance-support": "84 messages to a bank's support",
    "clinic-questions": "66 questions to a clinic",
    "school-maths": "66 word problems from school",
}
WHAT = Content.assemble(
    "lwtui finds, among many small language models, the one that suits ",
    ("your data", "bold"),
    ". Then you chat with it, or measure it. It is not one assistant for everything: each model "
    "was trained for one task. All runs on this machine; no row of your data leaves it.",
)
COLUMNS = (Column("begin with", 30), Column("", 20, flex=1))

Choice = Path | str
"""A dataset to match at once, ``own`` for one of the user's, or the name of a mode."""


class WelcomeScreen(Dialogue["Choice | None"]):
    """Enter matches the demo that is offered first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Look around"),
        Binding("1,f1", "dismiss('browse')", "Browse"),
        Binding("2,f2", "dismiss('match')", "Match"),
        Binding("3,f3", "dismiss('chat')", "Chat"),
        Binding("4,f4", "dismiss('evaluate')", "Evaluate"),
        Binding("5,f5", "dismiss('jobs')", "Jobs"),
    ]

    def __init__(self, places: list[Place]) -> None:
        super().__init__("Welcome to lwtui")
        demos = [place for place in places if place.kind == "demo"]
        demos.sort(key=lambda place: place.label != FIRST)
        self._choices: list[tuple[str, str, Choice]] = [
            (f"Match {one_line(place.label, 40)}", ABOUT.get(place.label, "a demo"), place.path)
            for place in demos
        ]
        self._choices += [
            ("Match data of your own…", "JSONL, JSON, CSV, TSV, Parquet or text", "own"),
            ("Browse the models", "those here, and those of the Hugging Face Hub", "browse"),
        ]

    def compose_body(self) -> ComposeResult:
        yield Static(WHAT, classes="text")
        yield RowTable(COLUMNS, self._cells, id="welcome")
        yield Static(
            "Three keys to a first answer: enter matches the demo, enter opens a chat with the "
            "best, enter asks it a row of the data.",
            classes="text muted",
        )
        with Horizontal(classes="buttons"):
            yield Button("Begin  (enter)", id="begin", variant="primary", compact=True)
            yield Button("Look around  (escape)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(RowTable).set_rows(len(self._choices))
        self.query_one(RowTable).focus()

    def _cells(self, row: int) -> list[Cell]:
        name, about, _ = self._choices[row]
        return [name, (about, "dim")]

    @on(RowTable.Chosen)
    @on(Button.Pressed, "#begin")
    def _chosen(self) -> None:
        self.dismiss(self._choices[self.query_one(RowTable).cursor][2])

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.dismiss(None)
